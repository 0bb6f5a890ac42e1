-- Take the next job for a worker's child.
local worker, lease, iso = unpack(ARGV)
return claim(worker, tonumber(lease), now_ms(), iso)
