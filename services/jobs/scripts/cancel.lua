-- needs: ending
-- Cancel a job: a queued one ends here, a running one is asked to stop, an ended one stays as it is.
-- With `purge` set its result, files and history go as well, as soon as it has ended.
-- Answers {its state before, or 'gone' if its time was up, now, its record}, or false if there is no such job.
local id, owner, purging = unpack(ARGV)
local now = now_ms()
local job = fields(id, 'state', 'run', 'queue', 'worker', 'owner', 'expires_at')
if not job[1] then return false end
if owner ~= '' and job[5] ~= owner then return false end
local name = rq_id(id, job[2])
if job[6] and now >= tonumber(job[6]) then return {'gone', now, redis.call('HGETALL', JOB .. id)} end
if purging ~= '' and not job[6] then redis.call('HSET', JOB .. id, 'purge', 1) end
if job[1] == 'queued' then
  redis.call('LREM', 'rq:queue:' .. job[3], 1, name)
  redis.call('ZREM', 'rq:scheduled:' .. job[3], name)
  finish(id, 'cancelled', now, {})
elseif job[1] == 'running' then
  begin_history(id)
  redis.call('HSET', JOB .. id, 'state', 'cancelling')
  tell(id, now, 'state', 'state', 'cancelling')
  redis.call('PUBLISH', 'rq:pubsub:' .. job[4], '{"command": "stop-job", "job_id": "' .. name .. '", "created_at": ""}')
  announce(id)
elseif purging ~= '' and job[6] then
  purge(id, now)
end
return {job[1], now, redis.call('HGETALL', JOB .. id)}
