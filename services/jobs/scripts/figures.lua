-- What the store knows of the platform as a whole. Writes nothing.
-- Answers {now, cc:stats, {waiting, scheduled, when the next was queued} for each queue in ARGV, open jobs, leases}.
local t = redis.call('TIME')
local queues = {}
for number, queue in ipairs(ARGV) do
  local name = redis.call('LINDEX', 'rq:queue:' .. queue, 0)
  local id = name and string.match(name, '^(.+)-%d+$')
  queues[number] = {
    redis.call('LLEN', 'rq:queue:' .. queue),
    redis.call('ZCARD', 'rq:scheduled:' .. queue),
    id and redis.call('HMGET', 'cc:job:' .. id, 'pushed_at')[1] or false,
  }
end
return {t[1] * 1000 + math.floor(t[2] / 1000), redis.call('HGETALL', 'cc:stats'), queues,
  redis.call('SCARD', 'cc:open'), redis.call('ZCARD', 'cc:leases')}
