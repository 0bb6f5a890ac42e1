-- needs: again claim
-- Write how a run ended, and take the next jobs in the same round trip, up to `most` of them.
-- Answers {what came of it, the next jobs}. Only the run that holds the job is heard; a repeat of what was already
-- written (its reply was lost) is 'ended' again. `ran` is how long the function took in ms.
local worker, lease, iso, id, run, verdict, result, result_key, files, problem, delay, ran, most = unpack(ARGV)
local now, said = now_ms(), 'ended'
most, ran = tonumber(most), tonumber(ran)

local job = fields(id, 'state', 'run', 'worker')
local held = job[2] == run and (job[1] == 'running' or job[1] == 'cancelling')
if held and most > 0 and job[3] == worker then claiming = worker end

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
  finish(id, 'succeeded', now, outcome, ran)
elseif verdict == 'failed' then
  finish(id, 'failed', now, {'error', problem}, ran)
elseif verdict == 'retry' then
  give_up_run(id, problem, tonumber(delay), now, iso)
end

return {said, most > 0 and claim(worker, most, tonumber(lease), now, iso) or {}}
