-- needs: notify
-- Claim notifications that are due, at most one of each receiver, so that they take turns. A claim is a lease:
-- unless its try is reported, the notification comes due again when that ends. A sender that makes its claim `turn`
-- again (the reply was lost) gets the same answer. Arguments after the fifth are receivers to be left out.
-- Answers {now, ms until the next is due or false, claims as {id, number of the try, receiver, record}}.
local CLAIMED = 'cc:claimed:'
local sender, turn, lease, limit, most = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local now, full, taken = now_ms(), {}, {}
for i = 6, #ARGV do full[ARGV[i]] = true end

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

-- What the sender's last claim gave, if this is that claim once more.
local function given()
  local kept = redis.call('HMGET', CLAIMED .. sender, 'turn', 'taken')
  if kept[1] ~= turn then return false end
  for id, number, receiver in string.gmatch(kept[2], '(%S+) (%d+) (%S+)') do
    taken[#taken + 1] = {id, tonumber(number), receiver, redis.call('HGETALL', JOB .. id)}
  end
  return true
end

local function keep()
  local lines = {}
  for _, claim in ipairs(taken) do lines[#lines + 1] = claim[1] .. ' ' .. claim[2] .. ' ' .. claim[3] end
  redis.call('HSET', CLAIMED .. sender, 'turn', turn, 'taken', table.concat(lines, '\n'))
  redis.call('PEXPIRE', CLAIMED .. sender, lease)
end

if given() then return {now, false, taken} end
local width = limit + #ARGV - 5
for _, receiver in ipairs(redis.call('ZRANGEBYSCORE', RECEIVERS, '-inf', text(now), 'LIMIT', 0, width)) do
  if not full[receiver] and #taken < limit then claim_from(receiver) end
end
if #taken > 0 then keep() end
local later = redis.call('ZRANGEBYSCORE', RECEIVERS, '(' .. text(now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return {now, later[1] and tonumber(later[2]) - now or false, taken}
