-- What every script shares: the names of keys, and the steps that move a job from state to state.
-- The job record (cc:job:ID) is the truth. What is written under rq: is dispatch, kept so that RQ's own
-- tools read it. Times are milliseconds of the store's clock; `iso` is the caller's time for RQ's fields.
local JOB, IDEM, EVENTS, OWNER, RATE = 'cc:job:', 'cc:idem:', 'cc:events:', 'cc:owner:', 'cc:rate:'
local OPEN, LEASES, WAKE, STATS, ENDED, PLAN = 'cc:open', 'cc:leases', 'cc:wake', 'cc:stats', 'cc:ended', 'cc:plan:'
local HELD = 'cc:held:'
local QUEUES = {'high', 'default', 'low'}
local GONE_MS = 7 * 86400000
local SURE, VAGUE = 50, 500  -- thousandths: as in services/jobs/estimate.py
local TOGETHER_MS = 16
local RUN_BOUNDS = {10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 900000, 3600000}

local function text(number) return string.format('%.0f', number) end

local function seconds(ms) return string.format('%.3f', ms / 1000) end

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- One RQ job stands for one run: ID-RUN.
local function rq_id(id, run) return id .. '-' .. run end
local function split(name) return string.match(name, '^(.+)-(%d+)$') end

local function fields(id, ...) return redis.call('HMGET', JOB .. id, ...) end

-- A line of the job's history, which clients follow and can take up again where they left off. A job of which nothing
-- is told but that it runs, and how it ended, has no history: both can be seen in its record. begin_history() writes
-- down the first of them, under the id that it has for clients, before there is more to tell.
local function begin_history(id)
  if redis.call('EXISTS', EVENTS .. id) == 1 then return end
  local job = fields(id, 'started_at', 'attempt')
  if not job[1] then return end
  redis.call('XADD', EVENTS .. id, job[1] .. '-0', 'kind', 'state', 'state', 'running', 'attempt', job[2])
end

local function tell(id, now, kind, ...)
  redis.call('XADD', EVENTS .. id, 'MAXLEN', '~', 1000, text(now) .. '-*', 'kind', kind, ...)
end

local function announce(id) redis.call('PUBLISH', 'cc:changed:' .. id, '1') end

local function wake()
  if redis.call('LLEN', WAKE) == 0 then redis.call('LPUSH', WAKE, '1') end
end

local function smooth(old, value, share) return text(old * (1 - share) + value * share) end

-- From a run that took `ms`: what such runs take, and by how much of it (in thousandths; below a second nothing depends
-- on it) expectations were wrong. Being wrong counts at once, being right again only by and by.
local function learn(kind, ms, expected)
  local mean, off = unpack(redis.call('HMGET', STATS, 'mean_ms:' .. kind, 'off:' .. kind))
  expected = expected or tonumber(mean)
  local learnt = {'mean_ms:' .. kind, smooth(mean or ms, ms, 0.2)}
  if expected then
    local wrong = math.abs(ms - expected) * 1000 / math.max(expected, 1000)
    off = tonumber(off or wrong)
    learnt[3], learnt[4] = 'off:' .. kind, smooth(off, wrong, wrong > off and 0.5 or 0.2)
  end
  redis.call('HSET', STATS, unpack(learnt))
end

local function count(name, by) redis.call('HINCRBY', STATS, name, by or 1) end

-- One run's time, for the histogram of its type; the bounds (ms) are those of services/jobs/figures.py.
local function note_time(kind, ms)
  local bound = 'inf'
  for _, most in ipairs(RUN_BOUNDS) do
    if ms <= most then bound = most break end
  end
  count('ran:' .. kind .. ':' .. bound)
  count('ran_ms:' .. kind, ms)
end

-- A queue's timetable: PLAN .. queue has, for each worker, when it will be through with all that was pushed so far if
-- every job runs as long as expected; late_ms is how far behind it the queue's last claim was. It is made anew from
-- what runs (but not of more than 64 jobs) when the first job comes into an empty queue.
local function plan_anew(queue, now)
  redis.call('DEL', PLAN .. queue)
  redis.call('HSET', STATS, 'late_ms:' .. queue, 0)
  for _, id in ipairs(redis.call('ZRANGE', LEASES, 0, 63)) do
    local job = fields(id, 'state', 'started_at', 'expected_ms')
    local ends = job[1] == 'running' and job[2] + (job[3] or 0) or now
    redis.call('ZADD', PLAN .. queue, text(ends), id)
  end
end

-- When a job of `expected` ms will be started that is pushed now into a queue that runs `late` ms late.
local function plan(name, queue, expected, late, now)
  local key, starts, workers = PLAN .. queue, now, math.max(redis.call('SCARD', 'rq:workers'), 1)
  for _ = workers, redis.call('ZCARD', key) do starts = tonumber(redis.call('ZPOPMIN', key)[2]) end
  starts = math.max(starts, now - late)
  redis.call('ZADD', key, text(starts + expected), name)
  return starts
end

-- How a queue and a job type have been moving: {head, late_ms, mean_ms, off, depth}, as services/jobs/estimate.py
-- takes it.
local function pace(queue, kind, depth)
  local stats = redis.call('HMGET', STATS, 'head:' .. queue, 'late_ms:' .. queue, 'mean_ms:' .. kind, 'off:' .. kind)
  stats[5] = depth
  return stats
end

-- How long a job is expected to run whose type can't say: as long as others of its type did, unless their times differ
-- by more than `most` thousandths; 0 if nothing can be said.
local function usual_ms(stats, most)
  return tonumber(stats[4] or 0) <= most and tonumber(stats[3] or 0) or 0
end

-- A job that was lost with its worker or handed back (`front` says so) is the next of its queue: it has had its turn,
-- and is no part of the timetable again. Should it be to blame, the others run in its pauses.
-- Answers {its place, when it should start}, and the pace.
local function push(id, run, queue, kind, now)
  local name, place, starts = rq_id(id, run)
  local front, expected = unpack(fields(id, 'front', 'expected_ms'))
  local depth = redis.call(front and 'LPUSH' or 'RPUSH', 'rq:queue:' .. queue, name)
  if depth == 1 then
    redis.call('SADD', 'rq:queues', 'rq:queue:' .. queue)
    plan_anew(queue, now)
  end
  local stats = pace(queue, kind, depth)
  local late = tonumber(stats[2] or 0)
  if front then
    redis.call('HDEL', JOB .. id, 'front')
    place, starts = tonumber(stats[1] or 0), now - late
  else
    place = redis.call('HINCRBY', STATS, 'pushed:' .. queue, 1)
    starts = plan(name, queue, tonumber(expected or usual_ms(stats, math.huge)), late, now)
  end
  redis.call('HSET', JOB .. id, 'place', place, 'pushed_at', text(now), 'starts_at', text(starts))
  wake()
  return {place, starts}, stats
end

-- Make run `run` of a job ready to be claimed, at once or when `due` (ms) comes. Answers as push() does.
local function dispatch(id, run, queue, kind, timeout, due, now, iso)
  local name, later = rq_id(id, run), due > 0
  redis.call('HSET', 'rq:job:' .. name, 'status', later and 'scheduled' or 'queued', 'origin', queue,
    'data', '["coatcheck.' .. kind .. '", null, ["' .. id .. '"], {}]', 'description', kind .. ' ' .. id,
    'created_at', iso, 'enqueued_at', iso, 'timeout', timeout)
  if not later then return push(id, run, queue, kind, now) end
  redis.call('SADD', 'rq:queues', 'rq:queue:' .. queue)
  redis.call('HSET', JOB .. id, 'run_at', text(due))
  redis.call('ZADD', 'rq:scheduled:' .. queue, seconds(due), name)
  return {0, 0}, pace(queue, kind, redis.call('LLEN', 'rq:queue:' .. queue))
end

-- Move what has come due into its queue, at most `limit` jobs of each queue.
local function promote(now, limit)
  if redis.call('EXISTS', 'rq:scheduled:high', 'rq:scheduled:default', 'rq:scheduled:low') == 0 then return end
  for _, queue in ipairs(QUEUES) do
    local due = redis.call('ZRANGEBYSCORE', 'rq:scheduled:' .. queue, '-inf', seconds(now), 'LIMIT', 0, limit)
    for _, name in ipairs(due) do
      redis.call('ZREM', 'rq:scheduled:' .. queue, name)
      local id, run = split(name)
      local job = fields(id or '', 'run', 'type')
      if job[1] and job[1] == run then
        redis.call('HDEL', JOB .. id, 'run_at')
        redis.call('HSET', 'rq:job:' .. name, 'status', 'queued')
        push(id, run, queue, job[2], now)
      else
        redis.call('DEL', 'rq:job:' .. name)
      end
    end
  end
end

-- Called while jobs are waiting, so that no worker sleeps through it.
local function wake_if_any_wait()
  if redis.call('EXISTS', 'rq:queue:high', 'rq:queue:default', 'rq:queue:low') > 0 then wake() end
end

local function release(worker)
  redis.call('HDEL', 'rq:worker:' .. worker, 'current_job')
  redis.call('HSET', 'rq:worker:' .. worker, 'state', 'idle')
end

-- The worker whose run is ended here and that claims its next one in the same step, which sees to its hash as well.
local claiming

-- Take a run out of RQ's data, and off the worker that held it.
local function undispatch(id, run, queue, worker)
  local name = rq_id(id, run)
  redis.call('DEL', 'rq:job:' .. name)
  if not worker then return end
  redis.call('ZREM', LEASES, id)
  redis.call('ZREM', 'rq:wip:' .. queue, name)
  local held = redis.call('LREM', HELD .. worker, 1, name) == 1
  if held and worker ~= claiming and redis.call('EXISTS', HELD .. worker) == 0 then release(worker) end
end

-- Notifications of ended jobs. Each receiver (host and port of the callback) has a line of its own, so that a dead
-- one holds up no other: OWED .. receiver has job ids by when they are due, RECEIVERS when to look at which line.
local RECEIVERS, OWED, TRIES = 'cc:receivers', 'cc:owed:', 'cc:tries:'
local CLAIMED, NOTIFY = 'cc:claimed:', 'cc:notify'

local function receiver_of(callback) return string.match(callback, '^%a+://([^/?]+)') end

local function call_sender()
  if redis.call('LLEN', NOTIFY) == 0 then redis.call('LPUSH', NOTIFY, '1') end
end

local function owe(id, callback, due)
  local receiver = receiver_of(callback)
  redis.call('ZADD', OWED .. receiver, text(due), id)
  redis.call('ZADD', RECEIVERS, 'LT', text(due), receiver)
  call_sender()
end

-- Remove what is kept of a job's callback, unless its notification is still owed.
local function drop_callback(id)
  local callback = redis.call('HGET', JOB .. id, 'callback')
  if not callback or redis.call('ZSCORE', OWED .. receiver_of(callback), id) then return end
  redis.call('HDEL', JOB .. id, 'callback', 'origins')
  redis.call('DEL', TRIES .. id)
end

-- Nothing more is owed: the notification was delivered or is given up.
local function settle(id, receiver)
  redis.call('ZREM', OWED .. receiver, id)
  if redis.call('EXISTS', OWED .. receiver) == 0 then redis.call('ZREM', RECEIVERS, receiver) end
  local job = fields(id, 'buried', 'purged')
  if job[1] or job[2] then drop_callback(id) end
end

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

-- Give a running job its next run: a further attempt, or the same one when `burn` is 0.
local function run_again(id, burn, delay, now, iso)
  local job = fields(id, 'run', 'queue', 'worker', 'type', 'timeout')
  begin_history(id)
  undispatch(id, job[1], job[2], job[3])
  local run = redis.call('HINCRBY', JOB .. id, 'run', 1)
  redis.call('HINCRBY', JOB .. id, 'attempt', burn)
  redis.call('HSET', JOB .. id, 'state', 'queued')
  redis.call('HDEL', JOB .. id, 'worker', 'started_at', 'percent', 'message', 'reported_at')
  dispatch(id, text(run), job[2], job[4], job[5], delay > 0 and now + delay or 0, now, iso)
  tell(id, now, 'state', 'state', 'queued', 'attempt', redis.call('HGET', JOB .. id, 'attempt'))
  announce(id)
end

-- A run is over without a result: try again if attempts are left, else fail with `problem` (JSON).
local function give_up_run(id, problem, delay, now, iso)
  local job = fields(id, 'state', 'attempt', 'max_attempts')
  if job[1] == 'cancelling' then
    finish(id, 'cancelled', now, {})
  elseif tonumber(job[2]) < tonumber(job[3]) then
    run_again(id, 1, delay, now, iso)
  else
    finish(id, 'failed', now, {'error', problem})
  end
end

-- Make a run that was not worked on, or not to its end, ready for whoever takes it next; no attempt is burnt.
local function hand_back(id, now, iso)
  redis.call('HSET', JOB .. id, 'front', 1)
  if redis.call('HGET', JOB .. id, 'state') == 'cancelling' then
    finish(id, 'cancelled', now, {})
  else
    run_again(id, 0, 0, now, iso)
  end
end

-- Whether run `run` is the one that may speak for the job now.
local function holds(id, run)
  local job = fields(id, 'state', 'run')
  return (job[1] == 'running' or job[1] == 'cancelling') and job[2] == run
end

-- What a worker has to know of a run: {id, run, type, input, attempt, max_attempts, timeout, trace, owner, created_at}.
local RUN = {'run', 'type', 'input', 'attempt', 'max_attempts', 'timeout', 'trace', 'owner', 'created_at'}

local function claimed(id, job)
  return {id, unpack(job, 1, #RUN)}
end

-- What start_together() takes of a job: what RUN says, and state, place, starts_at and expected_ms.
local function startable(id)
  return fields(id or '', 'run', 'type', 'input', 'attempt', 'max_attempts', 'timeout', 'trace', 'owner', 'created_at',
    'state', 'place', 'starts_at', 'expected_ms')
end

-- Start run `name` of a job. What a worker holds is written down in the order in which it runs it.
local function start(name, queue, job, stats, worker, lease, now, iso)
  local id, run = split(name)
  local usual = usual_ms(stats, VAGUE)
  local written = {'state', 'running', 'started_at', text(now), 'worker', worker}
  if job[13] or usual > 0 then written[7], written[8] = 'expected_ms', job[13] or text(usual) end
  redis.call('HSET', JOB .. id, unpack(written))
  redis.call('ZADD', LEASES, text(now + lease), id)
  redis.call('HSET', 'rq:job:' .. name, 'status', 'started', 'started_at', iso, 'worker_name', worker)
  redis.call('ZADD', 'rq:wip:' .. queue, seconds(now + 365 * 86400000), name)
  redis.call('RPUSH', HELD .. worker, name)
  if run ~= '1' then tell(id, now, 'state', 'state', 'running', 'attempt', job[4]) end
  announce(id)
  return claimed(id, job)
end

-- How many ms of TOGETHER_MS a job takes up: all of them unless it is known for sure to be shorter.
local function share(job, stats)
  if not stats[3] or tonumber(stats[4] or 0) > SURE then return TOGETHER_MS end
  return math.max(1, tonumber(job[13] or stats[3]))
end

-- The first runs of a queue that a worker may take along with one that it has: at most `most` in all, and no more than
-- leaves the others theirs.
local function companions(queue, most)
  if most <= 1 then return {} end
  local waiting, workers = redis.call('LLEN', 'rq:queue:' .. queue), math.max(redis.call('SCARD', 'rq:workers'), 1)
  most = math.min(most - 1, math.floor(waiting / workers))
  return most > 0 and redis.call('LRANGE', 'rq:queue:' .. queue, 0, most - 1) or {}
end

-- Start a run that was taken from its queue and, if it is very short, those behind it of the same type, which are run
-- one after the other. A job that was tried before, or that can't be tried again, is never among these: should another
-- take the worker with it, nobody loses more than time.
local function start_together(name, queue, job, most, worker, lease, now, iso)
  local stats, started, last, kind = pace(queue, job[2]), {}, nil, job[2]
  local room = TOGETHER_MS - share(job, stats)
  local others = companions(queue, job[4] == '1' and room > 0 and most or 1)
  repeat
    started[#started + 1] = start(name, queue, job, stats, worker, lease, now, iso)
    last, name = job, others[#started]
    if not name then break end
    local id, run = split(name)
    job = startable(id)
    room = room - share(job, stats)
  until room < 0 or job[10] ~= 'queued' or job[1] ~= run or job[2] ~= kind or job[4] ~= '1' or job[5] == '1'
  if #started > 1 then redis.call('LPOP', 'rq:queue:' .. queue, #started - 1) end
  redis.call('HSET', STATS, 'head:' .. queue, last[11] or 0, 'late_ms:' .. queue, text(now - (last[12] or now)))
  local first = rq_id(started[1][1], started[1][2])
  local fresh = redis.call('HSET', 'rq:worker:' .. worker, 'current_job', first, 'state', 'busy') == 2
  if fresh then redis.call('EXPIRE', 'rq:worker:' .. worker, 60) end
  return started
end

-- The runs that a worker holds already: its claim was heard, but the reply was lost.
local function held_by(worker)
  local held = {}
  for _, name in ipairs(redis.call('LRANGE', HELD .. worker, 0, -1)) do
    local id, run = split(name)
    if id and holds(id, run) then
      held[#held + 1] = claimed(id, fields(id, unpack(RUN)))
    else
      redis.call('LREM', HELD .. worker, 1, name)
    end
  end
  return held
end

-- Start the first run that is ready to be, and what may go with it; {} when there is none.
local function start_next(worker, most, lease, now, iso)
  if redis.call('EXISTS', 'rq:suspended') == 1 then return {} end
  promote(now, 10)
  for _ = 1, 100 do
    local popped = redis.call('LMPOP', 3, 'rq:queue:high', 'rq:queue:default', 'rq:queue:low', 'LEFT')
    if not popped then break end
    local queue, name = string.sub(popped[1], 10), popped[2][1]
    local id, run = split(name)
    local job = startable(id)
    if job[10] == 'queued' and job[1] == run then
      local started = start_together(name, queue, job, most, worker, lease, now, iso)
      wake_if_any_wait()
      return started
    end
    redis.call('DEL', 'rq:job:' .. name)
  end
  redis.call('DEL', WAKE)
  return {}
end

-- Take up to `most` runs for a worker and start them; {} when no job waits.
local function claim(worker, most, lease, now, iso)
  if claiming == worker then
    local started = start_next(worker, most, lease, now, iso)
    if #started == 0 then release(worker) end
    return started
  end
  local held = held_by(worker)
  return #held > 0 and held or start_next(worker, most, lease, now, iso)
end
