-- needs: notify
-- Keep how a try went, and have the next one made at `due` (ms; 0 for none). A report that comes after a later try
-- has begun is kept, and changes nothing else.
local id, number, entry, due = unpack(ARGV)
local callback = fields(id, 'callback')[1]
if not callback then return 'forgotten' end
if redis.call('HEXISTS', TRIES .. id, number) == 0 then return 'forgotten' end
redis.call('HSET', TRIES .. id, number, entry)
if redis.call('HLEN', TRIES .. id) ~= tonumber(number) then return 'late' end
local receiver = receiver_of(callback)
if not redis.call('ZSCORE', OWED .. receiver, id) then return 'settled' end
if tonumber(due) > 0 then
  owe(id, callback, tonumber(due))
else
  settle(id, receiver)
  call_sender()
end
return 'kept'
