-- Read one job, with what its document says of its queue. Given the ETag of a finished job, answers
-- {'same'} without its result. Answers false if there is no such job. Writes nothing.
local id, etag = unpack(ARGV)
local job = redis.call('HMGET', 'cc:job:' .. id, 'finished_at', 'run', 'state', 'queue', 'type', 'expires_at')
if not job[3] then return false end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if job[1] and etag == job[1] .. '-' .. job[2] and now < tonumber(job[6]) then return {'same', job[6], now} end
local stats = false
if not job[1] then
  stats = redis.call('HMGET', 'cc:stats', 'head:' .. job[4], 'late_ms:' .. job[4], 'mean_ms:' .. job[5],
    'off:' .. job[5])
  stats[5] = redis.call('LLEN', 'rq:queue:' .. job[4])
end
return {'job', now, redis.call('HGETALL', 'cc:job:' .. id), stats}
