-- What the scripts of the workers' side share. KEYS[1] is always the queue; every other key of it
-- starts with that name (the layout of apalis-redis).
local queue = KEYS[1]
local active, scheduled, data = queue .. ':active', queue .. ':scheduled', queue .. ':data'
local later = queue .. ':later' -- like `active`, for jobs that nobody waits for
local workers = queue .. ':workers'
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000

local function meta_of(id) return queue .. ':meta:' .. id end
local function inflight_of(worker) return queue .. ':inflight:' .. worker end
local function worker_meta_of(worker) return queue .. ':workers:metadata:' .. worker end

-- A hash field, or false where the key is of another type.
local function field(key, name)
  local value = redis.pcall('HGET', key, name)
  return type(value) == 'string' and value
end

-- The meta of an id: a hash or nothing. A value of another type would end a script half-way, and
-- what it had done by then would stay done.
local function own_meta_of(id)
  local meta = meta_of(id)
  if redis.call('TYPE', meta).ok ~= 'hash' then redis.call('DEL', meta) end
  return meta
end

-- Where a job waits that is to run.
local function list_of(id)
  return field(meta_of(id), 'can_wait') and later or active
end

-- A number of attempts as the library reads it: whole, not negative, of 32 bits; else nil.
local function count(meta, name)
  local number = tonumber(field(meta, name))
  if number and number >= 0 and number < 4294967296 then return math.floor(number) end
end

-- How often a job is tried: as `push` says it, and never more than that, whoever wrote the meta.
local function most_of(meta)
  local most = count(meta, 'max_attempts')
  return most and math.min(most, 3)
end

-- The arguments of a job; ours are a few hundred bytes, and longer ones are neither read nor kept.
local function arguments_of(id)
  local length = redis.pcall('HSTRLEN', data, id)
  return type(length) == 'number' and length <= 4096 and field(data, id)
end

-- Ends a job for good: its id is free in the same instant; what it was is kept under `id~seq` in
-- `done` or `dead`, the newest `keep` of them.
local function finish(id, status, result, keep)
  local set = queue .. (status == 'Done' and ':done' or ':dead')
  local past = id .. '~' .. redis.call('INCR', queue .. ':seq')
  local meta, kept = own_meta_of(id), meta_of(past)
  redis.call('HSET', data, past, arguments_of(id) or 'null')
  redis.call('HDEL', data, id)
  redis.call('DEL', kept)
  if redis.call('EXISTS', meta) == 1 then redis.call('RENAME', meta, kept) end
  redis.call('HSET', kept, 'attempts', count(kept, 'attempts') or 0,
    'max_attempts', count(kept, 'max_attempts') or 0,
    'status', status, 'result', result, 'done_at', math.floor(now))
  redis.call('ZADD', set, now, past)
  while redis.call('ZCARD', set) > keep do
    local oldest = redis.call('ZPOPMIN', set)[1]
    redis.call('HDEL', data, oldest)
    redis.call('DEL', meta_of(oldest))
  end
end

-- Makes a job that was started wait again, before all others of its list.
local function hand_back(id)
  local meta = own_meta_of(id)
  redis.call('HSET', meta, 'status', 'Pending')
  redis.call('HDEL', meta, 'locked_by', 'locked_at')
  redis.call('LPUSH', list_of(id), id)
  redis.call('PUBLISH', queue .. ':wake', id)
end
