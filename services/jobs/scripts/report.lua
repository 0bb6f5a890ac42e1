-- needs: hold history
-- Keep a run's progress or log line. Answers the job's state, or 'lost' if the run holds it no longer.
local id, run, kind, percent, message = unpack(ARGV)
if not holds(id, run) then return 'lost' end
if kind == 'progress' then
  redis.call('HSET', JOB .. id, 'percent', percent, 'message', message, 'reported_at', text(now_ms()))
end
begin_history(id)
tell(id, now_ms(), kind, 'percent', percent, 'message', message)
announce(id)
return redis.call('HGET', JOB .. id, 'state')
