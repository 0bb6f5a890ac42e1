-- needs: ending dispatch

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
