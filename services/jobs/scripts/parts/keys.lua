-- The names of keys, of runs and of times.
-- The job record (cc:job:ID) is the truth. What is written under rq: is dispatch, kept so that RQ's own
-- tools read it. Times are milliseconds of the store's clock; `iso` is the caller's time for RQ's fields.
-- A worker that has nothing to do is in IDLE, by when it was last heard of. Whoever brings a job starts it for such a
-- worker and lays it in its hand; as long as it is there, the worker has not begun it.
local JOB, STATS, OPEN, OWNER = 'cc:job:', 'cc:stats', 'cc:open', 'cc:owner:'
local LEASES, HELD, IDLE, HAND = 'cc:leases', 'cc:held:', 'cc:idle', 'cc:hand:'
local GONE_MS = 7 * 86400000

local function text(number) return string.format('%.0f', number) end

local function seconds(ms) return string.format('%.3f', ms / 1000) end

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- One RQ job stands for one run: ID-RUN.
local function rq_id(id, run) return id .. '-' .. run end
local function split(name) return string.match(name, '^(.+)-(%d+)$') end

local function fields(id, ...) return redis.call('HMGET', JOB .. id, ...) end

local function count(name, by) redis.call('HINCRBY', STATS, name, by or 1) end
