-- needs: again
-- Hand back what worker `worker` holds besides run `name`, which takes longer than was thought. Answers how many.
local worker, name, iso = unpack(ARGV)
local now, spared = now_ms(), 0
local held = redis.call('LRANGE', HELD .. worker, 0, -1)
for place = #held, 1, -1 do
  local id, run = split(held[place])
  if held[place] ~= name and id and holds(id, run) then
    hand_back(id, now, iso)
    spared = spared + 1
  end
end
if spared > 0 then redis.call('HSET', 'rq:worker:' .. worker, 'current_job', name) end
return spared
