-- needs: keys

-- Whether run `run` is the one that may speak for the job now.
local function holds(id, run)
  local job = fields(id, 'state', 'run')
  return (job[1] == 'running' or job[1] == 'cancelling') and job[2] == run
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
