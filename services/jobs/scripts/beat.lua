-- One heartbeat of a worker: keeps its lease, promotes what is due, takes up jobs whose lease ran out, and calls
-- idle workers while jobs wait. While the store was away or frozen nobody could renew a lease, so after a gap between
-- the heartbeats of all workers they have some time to do so before any is taken for lost.
-- Answers {name of the run held or false, its state or false, jobs taken up, whether the store knows this worker}.
local worker, lease, iso, problem, delay = unpack(ARGV)
local now = now_ms()
local key = 'rq:worker:' .. worker
lease = tonumber(lease)

redis.call('HSET', key, 'last_heartbeat', iso)
redis.call('EXPIRE', key, 60)

local held, state = redis.call('HGET', key, 'current_job'), false
if held then
  local id, run = split(held)
  if id and holds(id, run) then
    redis.call('ZADD', LEASES, 'XX', text(now + lease), id)
    state = redis.call('HGET', JOB .. id, 'state')
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

promote(now, 100)
local taken = 0
if now >= tonumber(grace or 0) then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', LEASES, '-inf', text(now), 'LIMIT', 0, 50)) do
    local job = fields(id, 'state', 'run', 'attempt')
    if job[1] and holds(id, job[2]) then
      redis.call('HSET', JOB .. id, 'front', 1)
      give_up_run(id, problem, burnt_pause(job[3], delay), now, iso)
      taken = taken + 1
    else
      redis.call('ZREM', LEASES, id)
    end
  end
end
if redis.call('EXISTS', 'rq:suspended') == 0 then wake_if_any_wait() end
return {held, state, taken, redis.call('HEXISTS', key, 'birth')}
