-- Accept one job, or say why not: idempotency, quota, queue limit, record, open set, dispatch. Safe to repeat.
-- `shared` is where the key stands if the client sent it before it had its session. `client` may have `quota` jobs
-- accepted within `window` seconds, which begin with the first; what is not accepted does not count.
local id, kind, queue, input, owner, idem, shared, fingerprint, max_attempts, timeout, keep, trace, max_depth, due, iso,
  client, quota, window, callback, origins, expected = unpack(ARGV)
local now = now_ms()

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
if idem ~= '' then note('idem', IDEM .. idem) end
if expected ~= '0' then note('expected_ms', expected) end
redis.call('HSET', JOB .. id, unpack(job))
redis.call('SADD', OPEN, id)
if callback ~= '' then redis.call('HSET', JOB .. id, 'callback', callback, 'origins', origins) end
if owner ~= '' then
  redis.call('ZADD', OWNER .. owner, text(now), id)
  local lasts = text(math.max(now, due) + GONE_MS + keep * 1000)
  if redis.call('PEXPIREAT', OWNER .. owner, lasts, 'NX') == 0 then
    redis.call('PEXPIREAT', OWNER .. owner, lasts, 'GT')
  end
end
if idem ~= '' then redis.call('SET', IDEM .. idem, id .. ' ' .. fingerprint) end
local begins, stats = dispatch(id, '1', queue, kind, timeout, tonumber(due), now, iso)
count('accepted:' .. kind)
return {'accepted', id, now, false, begins, stats, allowance(1)}
