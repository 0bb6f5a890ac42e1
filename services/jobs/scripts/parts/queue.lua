-- needs: keys
local PLAN, WAKE = 'cc:plan:', 'cc:wake'

local function wake()
  if redis.call('LLEN', WAKE) == 0 then redis.call('LPUSH', WAKE, '1') end
end

-- Called while jobs are waiting, so that no worker sleeps through it.
local function wake_if_any_wait()
  if redis.call('EXISTS', 'rq:queue:high', 'rq:queue:default', 'rq:queue:low') > 0 then wake() end
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

-- What a queue needs that may have been empty until now; `depth` is how many it has now.
local function opened(queue, depth, now)
  if depth > 1 then return end
  redis.call('SADD', 'rq:queues', 'rq:queue:' .. queue)
  plan_anew(queue, now)
end

-- Put a new run at the end of its queue. `expected` is how many ms it will take, false if its type can't say.
-- Answers its place, when it should start, and the pace.
local function enter(name, queue, kind, expected, now)
  local depth = redis.call('RPUSH', 'rq:queue:' .. queue, name)
  opened(queue, depth, now)
  local stats = pace(queue, kind, depth)
  local place = redis.call('HINCRBY', STATS, 'pushed:' .. queue, 1)
  local starts = plan(name, queue, tonumber(expected or usual_ms(stats, math.huge)), tonumber(stats[2] or 0), now)
  return place, starts, stats
end

-- Show a run to RQ's tools.
local function show(name, id, queue, kind, timeout, status, iso)
  redis.call('HSET', 'rq:job:' .. name, 'status', status, 'origin', queue,
    'data', '["coatcheck.' .. kind .. '", null, ["' .. id .. '"], {}]', 'description', kind .. ' ' .. id,
    'created_at', iso, 'enqueued_at', iso, 'timeout', timeout)
end

-- Keep a run back until `due` (ms).
local function schedule(name, queue, due)
  redis.call('SADD', 'rq:queues', 'rq:queue:' .. queue)
  redis.call('ZADD', 'rq:scheduled:' .. queue, seconds(due), name)
end
