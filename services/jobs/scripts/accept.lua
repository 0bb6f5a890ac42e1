-- Accept one job, or say why not: idempotency, queue limit, record, open set, dispatch. Safe to repeat.
local id, kind, queue, input, owner, idem, fingerprint, max_attempts, timeout, keep, trace, max_depth, due, iso = unpack(ARGV)
local now = now_ms()

if idem ~= '' then
  local seen = redis.call('GET', IDEM .. idem)
  if seen then
    local first, print = string.match(seen, '^(%S+) (%S+)$')
    if print ~= fingerprint then return {'mismatch'} end
    return {first == id and 'accepted' or 'replayed', first, now, redis.call('HGETALL', JOB .. first)}
  end
end
if redis.call('EXISTS', JOB .. id) == 1 then return {'accepted', id, now, redis.call('HGETALL', JOB .. id)} end

local depth = redis.call('LLEN', 'rq:queue:' .. queue)
if depth >= tonumber(max_depth) then
  return {'full', depth, redis.call('HGET', STATS, 'gap_ms:' .. queue) or '0'}
end

redis.call('HSET', JOB .. id, 'type', kind, 'state', 'queued', 'run', 1, 'attempt', 1, 'max_attempts', max_attempts,
  'queue', queue, 'created_at', text(now), 'timeout', timeout, 'keep', keep, 'input', input, 'trace', trace)
redis.call('SADD', OPEN, id)
if owner ~= '' then
  redis.call('HSET', JOB .. id, 'owner', owner)
  redis.call('ZADD', OWNER .. owner, text(now), id)
  redis.call('PEXPIRE', OWNER .. owner, GONE_MS + keep * 1000)
end
if idem ~= '' then
  redis.call('SET', IDEM .. idem, id .. ' ' .. fingerprint)
  redis.call('HSET', JOB .. id, 'idem', IDEM .. idem)
end
local place, length = dispatch(id, '1', queue, kind, timeout, tonumber(due), iso)
count('accepted:' .. kind)
local stats = redis.call('HMGET', STATS, 'head:' .. queue, 'gap_ms:' .. queue, 'claimed_at:' .. queue, 'mean_ms:' .. kind)
stats[5] = length
return {'accepted', id, now, false, place, stats}
