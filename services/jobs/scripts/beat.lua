-- needs: again
-- One heartbeat of a worker: keeps its lease, promotes what is due, takes up jobs whose lease ran out, and calls
-- idle workers while jobs wait. While the store was away or frozen nobody could renew a lease, so after a gap between
-- the heartbeats of all workers they have some time to do so before any is taken for lost.
-- Answers {the runs held as {name, state, name, state...}, jobs taken up, whether the store knows this worker}.
local worker, lease, iso, problem, delay = unpack(ARGV)
local now = now_ms()
local key = 'rq:worker:' .. worker
lease = tonumber(lease)

redis.call('HSET', key, 'last_heartbeat', iso)
redis.call('EXPIRE', key, 60)
redis.call('ZADD', IDLE, 'XX', text(now), worker)
redis.call('ZREMRANGEBYSCORE', IDLE, '-inf', text(now - 60000))

local held = {}
for _, name in ipairs(redis.call('LRANGE', HELD .. worker, 0, -1)) do
  local id, run = split(name)
  if id and holds(id, run) then
    redis.call('ZADD', LEASES, 'XX', text(now + lease), id)
    held[#held + 1] = name
    held[#held + 1] = redis.call('HGET', JOB .. id, 'state')
  end
end

local last, grace = unpack(redis.call('HMGET', STATS, 'beat_at', 'grace_until'))
if now - tonumber(last or 0) > lease / 3 then
  grace = now + lease / 3
  redis.call('HSET', STATS, 'grace_until', text(grace))
end
redis.call('HSET', STATS, 'beat_at', text(now))

-- The lease was a pause already: only a job that has lost workers before waits any longer.
local function burnt_pause(attempt, base)
  local before = tonumber(attempt) - 1
  return before > 0 and math.min(tonumber(base) * 2 ^ before, 60000) or 0
end

-- Of what a lost worker held, it was working on the first, unless that is still in its hand: only that has cost it an
-- attempt.
local worked_on = {}
local function was_worked_on(id, run, owner)
  if worked_on[owner] == nil then
    local untouched = redis.call('DEL', HAND .. owner) == 1
    worked_on[owner] = untouched and 'none' or redis.call('LINDEX', HELD .. owner, 0)
  end
  return not worked_on[owner] or worked_on[owner] == rq_id(id, run)
end

promote(now, 100)
local taken = 0
if now >= tonumber(grace or 0) then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', LEASES, '-inf', text(now), 'LIMIT', 0, 50)) do
    local job = fields(id, 'state', 'run', 'attempt', 'worker')
    if job[1] and holds(id, job[2]) then
      local burn = was_worked_on(id, job[2], job[4] or '')
      if burn then
        redis.call('HSET', JOB .. id, 'front', 1)
        give_up_run(id, problem, burnt_pause(job[3], delay), now, iso)
      else
        hand_back(id, now, iso)
      end
      taken = taken + 1
    else
      redis.call('ZREM', LEASES, id)
    end
  end
end
if redis.call('EXISTS', 'rq:suspended') == 0 then wake_if_any_wait() end
return {held, taken, redis.call('HEXISTS', key, 'birth')}
