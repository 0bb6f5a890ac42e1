-- needs: claim
-- Take the next jobs for a worker's child, `most` at a time.
local worker, lease, iso, most = unpack(ARGV)
return claim(worker, tonumber(most), tonumber(lease), now_ms(), iso)
