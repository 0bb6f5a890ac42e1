-- End what worker `worker` holds without a result: its process died, ran out of time or was told to stop.
-- verdict: 'retry' (attempts permitting), 'failed', 'cancelled', or 'again' (hand it back, no attempt burnt).
-- With `name`, the verdict is for that run alone: should the worker hold another one by now, that is handed back.
local worker, verdict, problem, base_delay, iso, name = unpack(ARGV)
local current = redis.call('HGET', 'rq:worker:' .. worker, 'current_job')
if not current then return 'none' end
local id, run = split(current)
if not id or not holds(id, run) then
  redis.call('HDEL', 'rq:worker:' .. worker, 'current_job')
  return 'none'
end
if name ~= '' and name ~= current then verdict = 'again' end
local now = now_ms()
local attempt, state = unpack(fields(id, 'attempt', 'state'))
redis.call('HSET', JOB .. id, 'front', 1)
if verdict == 'cancelled' or state == 'cancelling' then
  finish(id, 'cancelled', now, {})
elseif verdict == 'failed' then
  finish(id, 'failed', now, {'error', problem})
elseif verdict == 'again' then
  run_again(id, 0, 0, now, iso)
else
  local delay = math.min(tonumber(base_delay) * 2 ^ (tonumber(attempt) - 1), 60000)
  give_up_run(id, problem, delay, now, iso)
end
return redis.call('HGET', JOB .. id, 'state')
