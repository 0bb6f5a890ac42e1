-- needs: again
-- End what worker `worker` holds without results: its process died, ran out of time or was told to stop.
-- verdict: 'retry' (attempts permitting), 'failed', 'cancelled', or 'again' (hand it back, no attempt burnt). It is for
-- the run that was under way: `name`, or if that is not given the first that the worker holds, unless that is still in
-- its hand. Others are handed back.
-- Answers what has become of the first one.
local worker, verdict, problem, base_delay, iso, name = unpack(ARGV)
local now, became = now_ms(), 'none'
local held = redis.call('LRANGE', HELD .. worker, 0, -1)
local untouched = redis.call('DEL', HAND .. worker) == 1
if name == '' and not untouched then name = held[1] end
redis.call('ZREM', IDLE, worker)

local function lose(id)
  local attempt, state = unpack(fields(id, 'attempt', 'state'))
  redis.call('HSET', JOB .. id, 'front', 1)
  if verdict == 'cancelled' or state == 'cancelling' then
    finish(id, 'cancelled', now, {})
  elseif verdict == 'failed' then
    finish(id, 'failed', now, {'error', problem})
  else
    local delay = math.min(tonumber(base_delay) * 2 ^ (tonumber(attempt) - 1), 60000)
    give_up_run(id, problem, delay, now, iso)
  end
end

for place = #held, 1, -1 do
  local id, run = split(held[place])
  if not id or not holds(id, run) then
    redis.call('LREM', HELD .. worker, 1, held[place])
  else
    if held[place] == name and verdict ~= 'again' then lose(id) else hand_back(id, now, iso) end
    became = redis.call('HGET', JOB .. id, 'state')
  end
end
return became
