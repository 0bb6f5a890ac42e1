-- needs: hold history notify times
local ENDED = 'cc:ended'

-- Leave of an ended job only how and when it ended, and whose it was.
local function strip(id)
  drop_callback(id)
  redis.call('HDEL', JOB .. id, 'result', 'result_key', 'files', 'error', 'trace', 'percent', 'message', 'idem', 'purge')
  redis.call('DEL', EVENTS .. id)
  local owner = redis.call('HGET', JOB .. id, 'owner')
  if owner then redis.call('ZREM', OWNER .. owner, id) end
end

-- Let an ended job's time be up now. It stays among the ended until its files are swept.
local function purge(id, now)
  strip(id)
  redis.call('HSET', JOB .. id, 'expires_at', text(now), 'purged', 1)
  redis.call('PEXPIREAT', JOB .. id, text(now + GONE_MS))
  redis.call('ZADD', ENDED, text(now), id)
end

-- Keep a failed run where RQ's tools look for failures, for as long as its job is kept.
local function show_failed(id, job, expires, now)
  local name, registry = rq_id(id, job[4]), 'rq:failed:' .. job[5]
  redis.call('HSET', 'rq:job:' .. name, 'status', 'failed', 'origin', job[5], 'description', job[1] .. ' ' .. id,
    'data', '["coatcheck.' .. job[1] .. '", null, ["' .. id .. '"], {}]')
  redis.call('PEXPIREAT', 'rq:job:' .. name, text(expires))
  redis.call('ZREMRANGEBYSCORE', registry, '-inf', seconds(now))
  redis.call('ZADD', registry, seconds(expires), name)
end

-- Write a job's terminal state. The caller has made sure that it has none yet. `ran` is how long it ran in ms, if that
-- is known better than from when it was started.
local function finish(id, state, now, outcome, ran)
  local job = fields(id, 'type', 'keep', 'idem', 'run', 'queue', 'worker', 'started_at', 'purge', 'callback',
    'expected_ms')
  local expires = now + tonumber(job[2]) * 1000
  redis.call('HSET', JOB .. id, 'state', state, 'finished_at', text(now), 'expires_at', text(expires), unpack(outcome))
  redis.call('HDEL', JOB .. id, 'input', 'worker', 'place', 'pushed_at', 'run_at', 'timeout', 'keep', 'reported_at',
    'starts_at', 'expected_ms', 'front')
  redis.call('PEXPIREAT', JOB .. id, text(expires + GONE_MS))
  redis.call('PEXPIREAT', EVENTS .. id, text(expires))
  if job[3] then redis.call('PEXPIREAT', job[3], text(math.max(expires, now + 86400000))) end
  redis.call('SREM', OPEN, id)
  redis.call('ZADD', ENDED, text(expires), id)
  undispatch(id, job[4], job[5], job[6])
  if state == 'failed' then show_failed(id, job, expires, now) end
  count('ended:' .. job[1] .. ':' .. state)
  ran = ran or job[7] and now - tonumber(job[7])
  if ran then note_time(job[1], ran) end
  if ran and state == 'succeeded' then learn(job[1], ran, tonumber(job[10])) end
  if job[9] then owe(id, job[9], now) end
  if job[8] then purge(id, now) end
  announce(id)
end
