-- A worker lives; those that have been silent for too long do not, and their jobs go back.
-- ARGV[1] its name, ARGV[2] seconds of silence that mean death, ARGV[3] how many past jobs are kept,
-- ARGV[4] seconds that an answer of ours may take (0: none is on its way), ARGV[5] how the names of entries begin,
-- ARGV[6] this instant as an entry says it, ARGV[7] lifetime of a failure entry (ms),
-- ARGV[8…] the ids that it really has. KEYS[2] the channel that says which entries are there.
-- Tells how many jobs go back, and how many are dead for good
redis.call('ZADD', workers, now, ARGV[1])
redis.call('EXPIRE', worker_meta_of(ARGV[1]), 60)
local back, dead = 0, 0

-- A job that was given to it while the answer got lost is in nobody's hands: put it back.
local really = {}
for i = 8, #ARGV do really[ARGV[i]] = true end
for _, id in ipairs(redis.call('SMEMBERS', inflight_of(ARGV[1]))) do
  local given = tonumber(field(meta_of(id), 'locked_at')) or 0
  if not really[id] and now - given >= tonumber(ARGV[4]) then
    redis.call('SREM', inflight_of(ARGV[1]), id)
    hand_back(id)
    back = back + 1
  end
end

-- Failure is an answer: whoever waits for a job that is given up learns it now. The entry is as
-- `entry.rs` writes it.
local function tell_failure(id)
  local hall, date, meal = string.match(id, '^menu:([%w_]+):([%d-]+):([%w_]+)$')
  if not hall then return end
  local entry = string.format('{"hall_id":"%s","date":"%s","meal":"%s","failed":true,"fetched_at":"%s"}',
    hall, date, meal, ARGV[6])
  redis.call('SET', ARGV[5] .. id, entry, 'PX', ARGV[7], 'NX')
  redis.call('PUBLISH', KEYS[2], id)
end

for _, worker in ipairs(redis.call('ZRANGEBYSCORE', workers, '-inf', now - tonumber(ARGV[2]))) do
  local held = inflight_of(worker)
  for _, id in ipairs(redis.call('SMEMBERS', held)) do
    local meta = own_meta_of(id)
    -- A crash counts: a job that kills its workers must not go round for ever.
    local attempts = (count(meta, 'attempts') or 0) + 1
    redis.call('HSET', meta, 'attempts', attempts)
    if attempts >= (most_of(meta) or 1) then
      finish(id, 'Failed', '{"Err":"every worker that took it died"}', tonumber(ARGV[3]))
      tell_failure(id)
      dead = dead + 1
    else
      hand_back(id)
      back = back + 1
    end
  end
  redis.call('DEL', held, worker_meta_of(worker))
  redis.call('ZREM', workers, worker)
end
return { back, dead }
