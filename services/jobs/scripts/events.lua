-- What has happened to a job after event `last`, with the job as read.lua gives it. Writes nothing.
local id, last = unpack(ARGV)
local job = redis.call('HGETALL', 'cc:job:' .. id)
if #job == 0 then return false end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local history = redis.call('XRANGE', 'cc:events:' .. id, last == '' and '-' or '(' .. last, '+', 'COUNT', 500)
local queue, kind = unpack(redis.call('HMGET', 'cc:job:' .. id, 'queue', 'type'))
local stats = redis.call('HMGET', 'cc:stats', 'head:' .. queue, 'late_ms:' .. queue, 'mean_ms:' .. kind, 'off:' .. kind)
stats[5] = redis.call('LLEN', 'rq:queue:' .. queue)
return {now, job, stats, history}
