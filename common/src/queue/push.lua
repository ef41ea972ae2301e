-- Asks for a job: at most one of an id is pending or running at any time.
--
-- KEYS[1] queue, KEYS[2] the entry that the job would make
-- ARGV[1] id, ARGV[2] arguments, ARGV[3] most attempts
-- ARGV[4] '1': an entry that is there makes the job needless
-- ARGV[5] most jobs that may wait
-- ARGV[6] seconds after which a claimed id that is nowhere counts as lost
-- ARGV[7] '1': nobody waits for it; the job waits behind all others until somebody does
-- Returns what became of it, and how long ago a worker was last heard of (s; -1: never).
local queue, id, can_wait = KEYS[1], ARGV[1], ARGV[7] == '1'
local clock = redis.call('TIME')
local now = tonumber(clock[1])
local newest = redis.call('ZRANGE', queue .. ':workers', -1, -1, 'WITHSCORES')
local silence = newest[2] and now - tonumber(newest[2]) or -1

-- Counted by the day (UTC), for the status page. A store that is full may refuse to count.
local function told(what)
  local tally = queue .. ':pushes:' .. math.floor(now / 86400)
  redis.pcall('HINCRBY', tally, what, 1)
  redis.pcall('EXPIRE', tally, 172800)
  return { what, silence }
end

-- Not counted: one comes with each look that finds an entry.
if ARGV[4] == '1' and redis.call('EXISTS', KEYS[2]) == 1 then return { 'cached', silence } end

local meta = queue .. ':meta:' .. id
local function enqueue()
  redis.call('DEL', meta)
  redis.call('HSET', meta, 'attempts', 0, 'max_attempts', ARGV[3], 'status', 'Pending', 'pushed_at', now,
    'pushed_ms', now * 1000 + math.floor(clock[2] / 1000))
  if can_wait then redis.call('HSET', meta, 'can_wait', 1) end
  redis.call('RPUSH', queue .. (can_wait and ':later' or ':active'), id)
  redis.call('PUBLISH', queue .. ':wake', id)
end

if redis.call('HEXISTS', queue .. ':data', id) == 0 then
  local waiting = redis.call('LLEN', queue .. ':active')
  if can_wait then waiting = waiting + redis.call('LLEN', queue .. ':later') end
  if waiting >= tonumber(ARGV[5]) then return told('full') end
  redis.call('HSET', queue .. ':data', id, ARGV[2])
  enqueue()
  return told('enqueued')
end

-- The id is claimed by a job for which nobody waited so far: now it waits with the others, and names
-- who asked. In a worker's hands already, it is told by `wanted` to wait no longer.
if not can_wait and redis.pcall('HDEL', meta, 'can_wait') == 1
    and redis.call('LREM', queue .. ':later', 1, id) == 1 then
  redis.call('HSET', queue .. ':data', id, ARGV[2])
  redis.call('HSET', meta, 'pushed_ms', now * 1000 + math.floor(clock[2] / 1000))
  redis.call('RPUSH', queue .. ':active', id)
  redis.call('PUBLISH', queue .. ':wake', id)
end

-- The id is claimed. Its job may be past the point of making the entry, which is not there: the
-- worker that ends it is told to run it once more in that case ('always': what is there is no entry).
if not can_wait then redis.pcall('HSET', meta, 'wanted', ARGV[4] == '1' and 'if_gone' or 'always') end

-- Who waits for a new reading whatever is there must not get the run of somebody who does not.
if ARGV[4] ~= '1' and not can_wait then redis.call('HSET', queue .. ':data', id, ARGV[2]) end

-- A claimed id must be in a list, a set or a worker's hands; a claim that is in none
-- (a store that lost part of its data) would block the id for ever: put it back.
local pushed = tonumber(redis.pcall('HGET', meta, 'pushed_at') or '0') or 0
if now - pushed <= tonumber(ARGV[6]) then return told('coalesced') end
if redis.call('ZSCORE', queue .. ':scheduled', id) then return told('coalesced') end
for _, list in ipairs({ ':active', ':later' }) do
  if redis.call('LPOS', queue .. list, id) then return told('coalesced') end
end
for _, worker in ipairs(redis.call('ZRANGE', queue .. ':workers', 0, -1)) do
  if redis.call('SISMEMBER', queue .. ':inflight:' .. worker, id) == 1 then return told('coalesced') end
end
enqueue()
return told('healed')
