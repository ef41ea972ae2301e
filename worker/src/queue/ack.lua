-- A job ended. KEYS[2] its entry, KEYS[3] the channel that says which entries are there
-- ARGV[1] the worker's name, ARGV[2] id, ARGV[3] status, ARGV[4] attempts so far, ARGV[5] result,
-- ARGV[6] pause before the next attempt (ms), ARGV[7] how many past jobs are kept,
-- ARGV[8] failure entry, ARGV[9] its lifetime (ms)
local id, status = ARGV[2], ARGV[3]
-- Not in our hands: we were given up for dead, and somebody else has it now.
if redis.call('SREM', inflight_of(ARGV[1]), id) == 0 then return 'fenced' end
local meta = own_meta_of(id)
local attempts = tonumber(ARGV[4])
redis.call('HSET', meta, 'attempts', attempts)
if status == 'Failed' and attempts < (most_of(meta) or 1) then
  redis.call('HSET', meta, 'status', 'Pending', 'last_error', ARGV[5])
  redis.call('HDEL', meta, 'locked_by', 'locked_at')
  redis.call('ZADD', scheduled, now + tonumber(ARGV[6]) / 1000, id)
  return 'again'
end
local wanted = status == 'Done' and field(meta, 'wanted')
if wanted == 'always' or wanted and redis.call('EXISTS', KEYS[2]) == 0 then
  -- Asked for again during the run, and the entry is not there: nobody else would make it.
  redis.call('HSET', meta, 'attempts', 0) -- a run of its own
  hand_back(id)
  return 'again'
end
finish(id, status == 'Done' and 'Done' or 'Failed', ARGV[5], tonumber(ARGV[7]))
if status ~= 'Done' then
  -- Failure is an answer: whoever waits learns it now.
  redis.call('SET', KEYS[2], ARGV[8], 'PX', ARGV[9], 'NX')
  redis.call('PUBLISH', KEYS[3], id)
end
return 'ended'
