-- needs: idle
-- Accept one job, or say why not: idempotency, quota, queue limit, record, open set, dispatch. Safe to repeat.
-- `shared` is where the key stands if the client sent it before it had its session. `client` may have `quota` jobs
-- accepted within `window` seconds, which begin with the first; what is not accepted does not count.
local IDEM, RATE, HANDY = 'cc:idem:', 'cc:rate:', 65536
local id, kind, queue, input, owner, idem, shared, fingerprint, max_attempts, timeout, keep, trace, max_depth, due, iso,
  client, quota, window, callback, origins, expected, lease = unpack(ARGV)
local now, name = now_ms(), rq_id(id, '1')
due = tonumber(due)

-- {what is left of the client's quota, ms until it is whole again}, after taking `by`; false if there is no quota.
local function allowance(by)
  if quota == '' then return false end
  local used, ends = unpack(redis.call('HMGET', RATE .. client, 'used', 'ends'))
  used, ends = tonumber(used or 0), tonumber(ends or 0)
  if ends <= now then used, ends = 0, now + window * 1000 end
  if by > 0 then
    redis.call('HSET', RATE .. client, 'used', used + by, 'ends', text(ends))
    redis.call('PEXPIREAT', RATE .. client, text(ends))
  end
  return {quota - used - by, ends - now}
end

-- The answer for a job that is there already.
local function again(first)
  local job = fields(first, 'queue', 'type', 'finished_at')
  local stats = not job[3] and pace(job[1], job[2], redis.call('LLEN', 'rq:queue:' .. job[1]))
  local said = first == id and 'accepted' or 'replayed'
  return {said, first, now, redis.call('HGETALL', JOB .. first), 0, stats, allowance(0)}
end

if idem ~= '' then
  local seen = redis.call('GET', IDEM .. idem)
  if not seen and shared ~= '' then
    seen = redis.call('GET', IDEM .. shared)
    if seen and redis.call('HGET', JOB .. string.match(seen, '^%S+'), 'owner') ~= owner then seen = false end
  end
  if seen then
    local first, print = string.match(seen, '^(%S+) (%S+)$')
    if print ~= fingerprint then return {'mismatch'} end
    return again(first)
  end
end
if redis.call('EXISTS', JOB .. id) == 1 then return again(id) end

local left = allowance(0)
if left and left[1] <= 0 then return {'limited', left} end
local depth = redis.call('LLEN', 'rq:queue:' .. queue)
if depth >= tonumber(max_depth) then
  local free = redis.call('ZRANGE', PLAN .. queue, 0, 0, 'WITHSCORES')[2] or now
  return {'full', depth, math.max(0, free + (redis.call('HGET', STATS, 'late_ms:' .. queue) or 0) - now)}
end

local job = {'type', kind, 'state', 'queued', 'run', 1, 'attempt', 1, 'max_attempts', max_attempts, 'queue', queue,
  'created_at', text(now), 'timeout', timeout, 'keep', keep, 'input', input, 'trace', trace, 'owner', owner}
local function note(field, value) job[#job + 1], job[#job + 2] = field, value end

show(name, id, queue, kind, timeout, due > 0 and 'scheduled' or 'queued', iso)
local place, starts, stats = 0, 0, nil
if due > 0 then
  schedule(name, queue, due)
  note('run_at', text(due))
  stats = pace(queue, kind, depth)
else
  place, starts, stats = enter(name, queue, kind, expected ~= '0' and expected, now)
  note('place', place)
  note('pushed_at', text(now))
  note('starts_at', text(starts))
end
if idem ~= '' then note('idem', IDEM .. idem) end
if expected ~= '0' then note('expected_ms', expected) end
if callback ~= '' then
  note('callback', callback)
  note('origins', origins)
end
redis.call('HSET', JOB .. id, unpack(job))
redis.call('SADD', OPEN, id)
if owner ~= '' then
  redis.call('ZADD', OWNER .. owner, text(now), id)
  local lasts = text(math.max(now, due) + GONE_MS + keep * 1000)
  if redis.call('PEXPIREAT', OWNER .. owner, lasts, 'NX') == 0 then
    redis.call('PEXPIREAT', OWNER .. owner, lasts, 'GT')
  end
end
if idem ~= '' then redis.call('SET', IDEM .. idem, id .. ' ' .. fingerprint) end
count('accepted:' .. kind)
if due == 0 then
  local alone = depth == 0 and redis.call('EXISTS', 'rq:queue:high', 'rq:queue:default', 'rq:queue:low') == 1
  local worker = alone and tonumber(max_attempts) > 1 and #input <= HANDY and idle_worker(now)
  if worker then hand(worker, id, queue, tonumber(lease), now, iso) else wake() end
end
return {'accepted', id, now, false, {place, starts}, stats, allowance(1)}
