-- Write how a run ended, and unless told otherwise take the next job in the same round trip.
-- Answers {what came of it, the next job or false}. Only the run that holds the job is heard; a repeat of
-- what was already written (its reply was lost) is 'ended' again.
local worker, lease, iso, id, run, verdict, result, result_key, files, problem, delay, go_on = unpack(ARGV)
local now, said = now_ms(), 'ended'

local job = fields(id, 'state', 'run', 'worker')
local held = job[2] == run and (job[1] == 'running' or job[1] == 'cancelling')
if held and go_on == '1' and job[3] == worker then claiming = worker end

if not held then
  if not (job[1] == verdict and job[2] == run) then
    said = 'late'
    count('late_results')
  end
elseif job[1] == 'cancelling' then
  finish(id, 'cancelled', now, {})
elseif verdict == 'succeeded' then
  local outcome = {}
  if result ~= '' then outcome = {'result', result} end
  if result_key ~= '' then outcome = {'result_key', result_key} end
  if files ~= '' then outcome[#outcome + 1] = 'files'; outcome[#outcome + 1] = files end
  if #outcome == 0 then outcome = {'result', 'null'} end
  finish(id, 'succeeded', now, outcome)
elseif verdict == 'failed' then
  finish(id, 'failed', now, {'error', problem})
elseif verdict == 'retry' then
  give_up_run(id, problem, tonumber(delay), now, iso)
end

if go_on == '1' then return {said, claim(worker, tonumber(lease), now, iso)} end
return {said, false}
