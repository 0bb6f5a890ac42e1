-- needs: start
local FRESH_MS = 1000

-- A worker that has nothing to do, if one was heard of lately, and jobs may be started at all; else false.
local function idle_worker(now)
  if redis.call('EXISTS', 'rq:suspended') == 1 then return false end
  return redis.call('ZRANGE', IDLE, '+inf', text(now - FRESH_MS), 'BYSCORE', 'REV', 'LIMIT', 0, 1)[1] or false
end

-- Start the only run that waits for a worker, so that this need not ask for it. Nobody can know of the job yet, and so
-- nobody is told.
local function hand(worker, id, queue, lease, now, iso)
  redis.call('ZREM', IDLE, worker)
  local name = redis.call('LPOP', 'rq:queue:' .. queue)
  local started = start_together(name, queue, startable(id), 1, worker, lease, now, iso)
  redis.call('RPUSH', HAND .. worker, cjson.encode(started[1]))
end
