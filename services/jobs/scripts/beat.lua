-- One heartbeat of a worker: keeps its lease, promotes what is due, and takes up jobs whose lease ran out.
-- While nobody could beat (the store was away) leases could not be renewed either, so after such a gap they
-- are given one more lease time. Answers {name of the run held or false,
-- its state or false, jobs taken up, whether the store knows this worker}.
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
if now - tonumber(last or 0) > lease then
  grace = now + lease
  redis.call('HSET', STATS, 'grace_until', text(grace))
end
redis.call('HSET', STATS, 'beat_at', text(now))

promote(now, 100)
local taken = 0
if now >= tonumber(grace) then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', LEASES, '-inf', text(now), 'LIMIT', 0, 50)) do
    local job = fields(id, 'state', 'run')
    if job[1] and holds(id, job[2]) then
      give_up_run(id, problem, tonumber(delay), now, iso)
      taken = taken + 1
    else
      redis.call('ZREM', LEASES, id)
    end
  end
end
return {held, state, taken, redis.call('HEXISTS', key, 'birth')}
