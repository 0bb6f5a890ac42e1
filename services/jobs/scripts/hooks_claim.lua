-- Claim notifications that are due, at most one of each receiver, so that they take turns. A claim is a lease:
-- unless its try is reported, the notification comes due again when that ends. Arguments after the third are
-- receivers that are to be left out. Answers {now, ms until the next is due or false, claims as
-- {id, number of the try, receiver, record}}.
local lease, limit, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now, full, taken = now_ms(), {}, {}
for i = 4, #ARGV do full[ARGV[i]] = true end

-- A try that was never reported: the process that made it has ended.
local function close_lost(id, number, next_at)
  local entry = number > 0 and redis.call('HGET', TRIES .. id, number)
  if entry and string.match(entry, '^{"at":%d+}$') then
    local said = ',"error":"the sender ended during this try"' .. next_at .. '}'
    redis.call('HSET', TRIES .. id, number, string.sub(entry, 1, -2) .. said)
  end
end

-- Begin the next try; false when there is nothing more to try. The first one is made even when it comes late.
local function begin(id, receiver)
  local job = fields(id, 'callback', 'expires_at')
  local made = redis.call('HLEN', TRIES .. id)
  if not job[1] or made >= most or (made > 0 and now >= tonumber(job[2])) then
    if job[1] then close_lost(id, made, '') end
    settle(id, receiver)
    return false
  end
  close_lost(id, made, ',"next_at":' .. text(now))
  redis.call('HSET', TRIES .. id, made + 1, '{"at":' .. text(now) .. '}')
  redis.call('PEXPIREAT', TRIES .. id, text(tonumber(job[2]) + GONE_MS))
  redis.call('ZADD', OWED .. receiver, text(now + lease), id)
  return made + 1
end

local function claim_from(receiver)
  local before = #taken
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', OWED .. receiver, '-inf', text(now), 'LIMIT', 0, 20)) do
    local number = begin(id, receiver)
    if number then
      taken[#taken + 1] = {id, number, receiver, redis.call('HGETALL', JOB .. id)}
      break
    end
  end
  local first = redis.call('ZRANGE', OWED .. receiver, 0, 0, 'WITHSCORES')
  if first[1] then
    redis.call('ZADD', RECEIVERS, text(math.max(now, tonumber(first[2]))), receiver)
    if #taken == before then call_sender() end
  else
    redis.call('ZREM', RECEIVERS, receiver)
  end
end

local width = limit + #ARGV - 3
for _, receiver in ipairs(redis.call('ZRANGEBYSCORE', RECEIVERS, '-inf', text(now), 'LIMIT', 0, width)) do
  if not full[receiver] and #taken < limit then claim_from(receiver) end
end
local later = redis.call('ZRANGEBYSCORE', RECEIVERS, '(' .. text(now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return {now, later[1] and tonumber(later[2]) - now or false, taken}
