-- needs: queue
local QUEUES = {'high', 'default', 'low'}

-- Put a run of a job that is known already into its queue. One that was lost with its worker or handed back (`front`
-- says so) is the next of its queue: it has had its turn, and is no part of the timetable again. Should it be to blame,
-- the others run in its pauses.
local function push(id, run, queue, kind, now)
  local name, place, starts, stats = rq_id(id, run), nil, nil, nil
  local front, expected = unpack(fields(id, 'front', 'expected_ms'))
  if front then
    redis.call('HDEL', JOB .. id, 'front')
    local depth = redis.call('LPUSH', 'rq:queue:' .. queue, name)
    opened(queue, depth, now)
    stats = pace(queue, kind, depth)
    place, starts = tonumber(stats[1] or 0), now - tonumber(stats[2] or 0)
  else
    place, starts = enter(name, queue, kind, expected, now)
  end
  redis.call('HSET', JOB .. id, 'place', place, 'pushed_at', text(now), 'starts_at', text(starts))
end

-- Make run `run` of a job ready to be claimed, at once or when `due` (ms) comes.
local function dispatch(id, run, queue, kind, timeout, due, now, iso)
  local later = due > 0
  show(rq_id(id, run), id, queue, kind, timeout, later and 'scheduled' or 'queued', iso)
  if not later then
    push(id, run, queue, kind, now)
    return wake()
  end
  redis.call('HSET', JOB .. id, 'run_at', text(due))
  schedule(rq_id(id, run), queue, due)
end

-- Move what has come due into its queue, at most `limit` jobs of each queue.
local function promote(now, limit)
  if redis.call('EXISTS', 'rq:scheduled:high', 'rq:scheduled:default', 'rq:scheduled:low') == 0 then return end
  for _, queue in ipairs(QUEUES) do
    local due = redis.call('ZRANGEBYSCORE', 'rq:scheduled:' .. queue, '-inf', seconds(now), 'LIMIT', 0, limit)
    for _, name in ipairs(due) do
      redis.call('ZREM', 'rq:scheduled:' .. queue, name)
      local id, run = split(name)
      local job = fields(id or '', 'run', 'type')
      if job[1] and job[1] == run then
        redis.call('HDEL', JOB .. id, 'run_at')
        redis.call('HSET', 'rq:job:' .. name, 'status', 'queued')
        push(id, run, queue, job[2], now)
      else
        redis.call('DEL', 'rq:job:' .. name)
      end
    end
  end
end
