-- needs: start hold dispatch

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
      for _, each in ipairs(started) do announce(each[1]) end
      wake_if_any_wait()
      return started
    end
    redis.call('DEL', 'rq:job:' .. name)
  end
  redis.call('DEL', WAKE)
  return {}
end

-- Take up to `most` runs for a worker and start them; {} when no job waits, which makes it idle.
local function claim(worker, most, lease, now, iso)
  local held = {}
  if claiming ~= worker then
    redis.call('DEL', HAND .. worker)
    held = held_by(worker)
  end
  if #held == 0 then held = start_next(worker, most, lease, now, iso) end
  if #held == 0 then
    redis.call('ZADD', IDLE, text(now), worker)
    if claiming == worker then release(worker) end
  elseif claiming ~= worker then
    redis.call('ZREM', IDLE, worker)
  end
  return held
end
