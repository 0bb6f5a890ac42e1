-- needs: ending
-- Turn ended jobs whose time is up into tombstones. The caller has removed their files.
local now = now_ms()
for _, id in ipairs(ARGV) do
  strip(id)
  redis.call('HSET', JOB .. id, 'buried', 1)
  redis.call('ZREM', ENDED, id)
end
return #ARGV
