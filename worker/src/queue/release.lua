-- A worker leaves: what it still holds goes back. ARGV[1] its name, ARGV[2…] these ids only, and
-- it stays
local held = inflight_of(ARGV[1])
local ids = #ARGV > 1 and { unpack(ARGV, 2) } or redis.call('SMEMBERS', held)
local back = 0
for _, id in ipairs(ids) do
  if redis.call('SREM', held, id) == 1 then
    hand_back(id)
    back = back + 1
  end
end
if #ARGV == 1 then
  redis.call('ZREM', workers, ARGV[1])
  redis.call('DEL', worker_meta_of(ARGV[1]))
end
return back
