-- needs: queue history
local SURE, VAGUE = 50, 500  -- thousandths: as in services/jobs/estimate.py
local TOGETHER_MS = 16

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
