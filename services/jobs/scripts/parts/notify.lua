-- needs: keys
-- Notifications of ended jobs. Each receiver (host and port of the callback) has a line of its own, so that a dead
-- one holds up no other: OWED .. receiver has job ids by when they are due, RECEIVERS when to look at which line.
local RECEIVERS, OWED, TRIES, NOTIFY = 'cc:receivers', 'cc:owed:', 'cc:tries:', 'cc:notify'

local function receiver_of(callback) return string.match(callback, '^%a+://([^/?]+)') end

local function call_sender()
  if redis.call('LLEN', NOTIFY) == 0 then redis.call('LPUSH', NOTIFY, '1') end
end

local function owe(id, callback, due)
  local receiver = receiver_of(callback)
  redis.call('ZADD', OWED .. receiver, text(due), id)
  redis.call('ZADD', RECEIVERS, 'LT', text(due), receiver)
  call_sender()
end

-- Remove what is kept of a job's callback, unless its notification is still owed.
local function drop_callback(id)
  local callback = redis.call('HGET', JOB .. id, 'callback')
  if not callback or redis.call('ZSCORE', OWED .. receiver_of(callback), id) then return end
  redis.call('HDEL', JOB .. id, 'callback', 'origins')
  redis.call('DEL', TRIES .. id)
end

-- Nothing more is owed: the notification was delivered or is given up.
local function settle(id, receiver)
  redis.call('ZREM', OWED .. receiver, id)
  if redis.call('EXISTS', OWED .. receiver) == 0 then redis.call('ZREM', RECEIVERS, receiver) end
  local job = fields(id, 'buried', 'purged')
  if job[1] or job[2] then drop_callback(id) end
end
