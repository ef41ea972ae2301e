-- A request to a site ended: gives its slot back, notes how it went and what quiet the site wants.
-- Answers the failures in a row: with this one, or before this answer.
--
-- KEYS as in ask.lua
-- ARGV token, 'answered' or 'failed', quiet ms (0 = none), between probes ms, memory ms,
--      'again' if nobody knows whether it was told before
if redis.call('ZREM', KEYS[2], ARGV[1]) == 0 and ARGV[6] == 'again' then return 0 end
local quiet = tonumber(ARGV[3])
-- A shorter wish does not cut a longer one short.
if quiet > redis.call('PTTL', KEYS[1]) and quiet > 0 then
  redis.call('SET', KEYS[1], '1', 'PX', quiet)
end
if ARGV[2] == 'answered' then
  local count = tonumber(redis.call('HGET', KEYS[3], 'count') or 0)
  redis.call('DEL', KEYS[3])
  return count
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local count = redis.call('HINCRBY', KEYS[3], 'count', 1)
redis.call('HSET', KEYS[3], 'probe_at', now + ARGV[4])
redis.call('PEXPIRE', KEYS[3], ARGV[5])
return count
