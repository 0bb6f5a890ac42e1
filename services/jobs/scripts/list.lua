-- One page of an owner's jobs, newest first, from behind the place `score`-`last` on. Looks at `budget` jobs at most,
-- so that with filters a page may be short although more follow. What has expired is passed over, and results are
-- not read. Answers {now, {{id, record, pace or false}, …}, place of the next page or ''}. Writes nothing.
local owner, limit, score, last, states, kinds, budget = unpack(ARGV)
limit, budget = tonumber(limit), tonumber(budget)
local SHOWN = {'type', 'state', 'run', 'attempt', 'max_attempts', 'queue', 'created_at', 'started_at', 'finished_at',
  'expires_at', 'run_at', 'reported_at', 'place', 'starts_at', 'expected_ms', 'percent', 'message', 'error',
  'files', 'trace'}
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)

local function words(list)
  local found = {}
  for word in string.gmatch(list, '[^,]+') do found[word] = true end
  return next(found) and found
end
states, kinds = words(states), words(kinds)

local function wanted(id)
  local job = redis.call('HMGET', 'cc:job:' .. id, 'state', 'type', 'expires_at')
  return job[1] and (not states or states[job[1]]) and (not kinds or kinds[job[2]])
    and not (job[3] and now >= tonumber(job[3]))
end

local paces = {}
local function pace(queue, kind)
  local name = queue .. ' ' .. kind
  if not paces[name] then
    paces[name] = redis.call('HMGET', 'cc:stats', 'head:' .. queue, 'late_ms:' .. queue, 'mean_ms:' .. kind,
      'off:' .. kind)
    paces[name][5] = redis.call('LLEN', 'rq:queue:' .. queue)
  end
  return paces[name]
end

local function row(id)
  local values, record, job = redis.call('HMGET', 'cc:job:' .. id, unpack(SHOWN)), {}, {}
  for i, name in ipairs(SHOWN) do
    if values[i] then
      record[#record + 1], record[#record + 2], job[name] = name, values[i], values[i]
    end
  end
  return {id, record, not job.finished_at and pace(job.queue, job.type)}
end

local rows, seen, offset, place, top = {}, 0, 0, '', score == '' and '+inf' or score
while true do
  local members = redis.call('ZRANGE', 'cc:owner:' .. owner, top, '-inf', 'BYSCORE', 'REV', 'LIMIT', offset, 100,
    'WITHSCORES')
  if #members == 0 then return {now, rows, ''} end
  for i = 1, #members, 2 do
    local id, at = members[i], members[i + 1]
    if at ~= score or id < last then
      if wanted(id) then
        if #rows == limit then return {now, rows, place} end
        rows[#rows + 1] = row(id)
        place = at .. '-' .. id
      end
      seen = seen + 1
      if seen >= budget then return {now, rows, at .. '-' .. id} end
    end
  end
  offset = offset + 100
end
