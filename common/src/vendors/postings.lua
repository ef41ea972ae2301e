-- Of which day is a posting? Notes that a day has it, unless another day does. Answers '' or
--   other <day that has it> | from <day that had it>
-- Days that nobody has read for long are forgotten, and the key with the last of them.
--
-- KEYS[1] hash: a day, its posting's number and when it was last read
-- ARGV day, number, seconds until forgotten, first and last day that may be called today
local first, last = ARGV[4], ARGV[5]
local from
local now = tonumber(redis.call('TIME')[1])
local known = redis.call('HGETALL', KEYS[1])
for at = 1, #known, 2 do
  local number, since = string.match(known[at + 1], '^(%d+) (%d+)$')
  if not number or now - since >= tonumber(ARGV[3]) then
    redis.call('HDEL', KEYS[1], known[at])
  elseif known[at] ~= ARGV[1] and number == ARGV[2] then
    -- Who ignores the day that it is asked for shows today's: so today takes it from a day to come.
    if ARGV[1] < first or ARGV[1] > last or known[at] <= last then return 'other ' .. known[at] end
    redis.call('HDEL', KEYS[1], known[at])
    from = known[at]
  end
end
-- What is shown of a day that is over may be today's as well.
if ARGV[1] < first then return '' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. now)
redis.call('EXPIRE', KEYS[1], ARGV[3])
return from and 'from ' .. from or ''
