-- May this site be asked now? Takes one of its slots if so. Answers one of
--   go <when the next may, 0: at once> | wait <ms> | paused <ms left> | quiet <ms left> | open <ms until the next probe>
--
-- KEYS[1] is there while the site wants quiet
-- KEYS[2] sorted set: open requests by when their slot is given up for dead; `next`, by when the
--         next request may start
-- KEYS[3] hash: count (failures in a row), probe_at
-- KEYS[4] what was said of a pause of the vendor: see pause.lua
-- ARGV token, requests at once, gap ms, slot ms, failures that open, between probes ms; what the
--      caller knows of a pause and of quiet, ms left of each; 'ahead' of who may send nothing
local paused = left_of_pause(KEYS[4])
-- Nobody has said anything, or it was lost: then what the caller has heard holds.
if paused < 0 then paused = tonumber(ARGV[7]) end
if paused > 0 then return { 'paused', paused } end
-- Quiet is only ever ended by time: who was told of it writes it back where it was lost.
local quiet, told = redis.call('PTTL', KEYS[1]), tonumber(ARGV[8])
if told > math.max(quiet, 0) then
  redis.call('SET', KEYS[1], '1', 'PX', told)
  quiet = told
end
if quiet > 0 then return { 'quiet', quiet } end

redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
-- Let in already, and kept waiting for Postgres since.
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then
  redis.call('ZADD', KEYS[2], now + ARGV[4], ARGV[1])
  return { 'go', 0 }
end

local failing = redis.call('HMGET', KEYS[3], 'count', 'probe_at')
local is_open = tonumber(failing[1] or 0) >= tonumber(ARGV[5])
local probe_at = tonumber(failing[2] or 0)
if is_open and now < probe_at then return { 'open', probe_at - now } end
-- A probe is for who will send it.
if is_open and ARGV[9] == 'ahead' then return { 'wait', 0 } end

local next_start = redis.call('ZSCORE', KEYS[2], 'next')
if next_start then return { 'wait', tonumber(next_start) - now } end
-- Nobody is told when a slot becomes free: whoever wants one asks again soon.
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[2]) then return { 'wait', 40 } end

if is_open then redis.call('HSET', KEYS[3], 'probe_at', now + ARGV[6]) end
redis.call('ZADD', KEYS[2], now + ARGV[4], ARGV[1])
local next_at = tonumber(ARGV[3]) > 0 and now + ARGV[3] or 0
if next_at > 0 then redis.call('ZADD', KEYS[2], next_at, 'next') end
redis.call('PEXPIRE', KEYS[2], math.max(ARGV[4], ARGV[3]) + 1000)
return { 'go', next_at }
