-- Turn ended jobs whose time is up into tombstones. The caller has removed their files.
local now = now_ms()
for _, id in ipairs(ARGV) do
  redis.call('HDEL', JOB .. id, 'result', 'result_key', 'files', 'error', 'trace', 'owner', 'percent', 'message', 'idem')
  redis.call('HSET', JOB .. id, 'buried', 1)
  redis.call('DEL', EVENTS .. id)
  redis.call('ZREM', ENDED, id)
end
return #ARGV
