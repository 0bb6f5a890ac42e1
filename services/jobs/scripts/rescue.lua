-- needs: again
-- Put an open job that is nowhere back on its way; 'fine' if it stands in its queue or is held after all.
local id, run, problem, delay, iso = unpack(ARGV)
local job = fields(id, 'state', 'run', 'queue', 'type', 'timeout', 'run_at')
if not job[1] then
  redis.call('SREM', OPEN, id)
  return 'forgotten'
end
if job[2] ~= run then return 'fine' end
local name, now = rq_id(id, run), now_ms()
if job[1] == 'queued' then
  local there = redis.call('LPOS', 'rq:queue:' .. job[3], name) or redis.call('ZSCORE', 'rq:scheduled:' .. job[3], name)
  if there then return 'fine' end
  local due = tonumber(job[6] or 0)
  if due <= now then redis.call('HDEL', JOB .. id, 'run_at') end
  dispatch(id, run, job[3], job[4], job[5], due > now and due or 0, now, iso)
  return 'queued'
elseif job[1] == 'running' or job[1] == 'cancelling' then
  if redis.call('ZSCORE', LEASES, id) then return 'fine' end
  redis.call('HSET', JOB .. id, 'front', 1)
  give_up_run(id, problem, tonumber(delay), now, iso)
  return 'retried'
end
redis.call('SREM', OPEN, id)
return 'ended'
