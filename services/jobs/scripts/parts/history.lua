-- needs: keys
local EVENTS = 'cc:events:'

-- A line of the job's history, which clients follow and can take up again where they left off. A job of which nothing
-- is told but that it runs, and how it ended, has no history: both can be seen in its record. begin_history() writes
-- down the first of them, under the id that it has for clients, before there is more to tell.
local function begin_history(id)
  if redis.call('EXISTS', EVENTS .. id) == 1 then return end
  local job = fields(id, 'started_at', 'attempt')
  if not job[1] then return end
  redis.call('XADD', EVENTS .. id, job[1] .. '-0', 'kind', 'state', 'state', 'running', 'attempt', job[2])
end

local function tell(id, now, kind, ...)
  redis.call('XADD', EVENTS .. id, 'MAXLEN', '~', 1000, text(now) .. '-*', 'kind', kind, ...)
end

local function announce(id) redis.call('PUBLISH', 'cc:changed:' .. id, '1') end
