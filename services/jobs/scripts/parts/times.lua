-- needs: keys
local RUN_BOUNDS = {10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 900000, 3600000}

local function smooth(old, value, share) return text(old * (1 - share) + value * share) end

-- From a run that took `ms`: what such runs take, and by how much of it (in thousandths; below a second nothing depends
-- on it) expectations were wrong. Being wrong counts at once, being right again only by and by.
local function learn(kind, ms, expected)
  local mean, off = unpack(redis.call('HMGET', STATS, 'mean_ms:' .. kind, 'off:' .. kind))
  expected = expected or tonumber(mean)
  local learnt = {'mean_ms:' .. kind, smooth(mean or ms, ms, 0.2)}
  if expected then
    local wrong = math.abs(ms - expected) * 1000 / math.max(expected, 1000)
    off = tonumber(off or wrong)
    learnt[3], learnt[4] = 'off:' .. kind, smooth(off, wrong, wrong > off and 0.5 or 0.2)
  end
  redis.call('HSET', STATS, unpack(learnt))
end

-- One run's time, for the histogram of its type; the bounds (ms) are those of services/jobs/figures.py.
local function note_time(kind, ms)
  local bound = 'inf'
  for _, most in ipairs(RUN_BOUNDS) do
    if ms <= most then bound = most break end
  end
  count('ran:' .. kind .. ':' .. bound)
  count('ran_ms:' .. kind, ms)
end
