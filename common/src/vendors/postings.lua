-- Of which day is a posting? Notes that a day has it, unless another day does: then that day is the
-- answer. Days that nobody has read for long are forgotten, and the key with the last of them.
--
-- KEYS[1] hash: a day, its posting's number and when it was last read
-- ARGV day, number, seconds until forgotten
local now = tonumber(redis.call('TIME')[1])
local known = redis.call('HGETALL', KEYS[1])
for at = 1, #known, 2 do
  local number, since = string.match(known[at + 1], '^(%d+) (%d+)$')
  if not number or now - since >= tonumber(ARGV[3]) then
    redis.call('HDEL', KEYS[1], known[at])
  elseif known[at] ~= ARGV[1] and number == ARGV[2] then
    return known[at]
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. now)
redis.call('EXPIRE', KEYS[1], ARGV[3])
return ''
