-- A worker lives; those that have been silent for too long do not, and their jobs go back.
-- ARGV[1] its name, ARGV[2] seconds of silence that mean death, ARGV[3] how many past jobs are kept
redis.call('ZADD', workers, now, ARGV[1])
redis.call('EXPIRE', worker_meta_of(ARGV[1]), 60)
local back = 0
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', workers, '-inf', now - tonumber(ARGV[2]))) do
  local held = inflight_of(worker)
  for _, id in ipairs(redis.call('SMEMBERS', held)) do
    local meta = own_meta_of(id)
    -- A crash counts: a job that kills its workers must not go round for ever.
    local attempts = (count(meta, 'attempts') or 0) + 1
    redis.call('HSET', meta, 'attempts', attempts)
    if attempts >= (count(meta, 'max_attempts') or 1) then
      finish(id, 'Failed', '{"Err":"every worker that took it died"}', tonumber(ARGV[3]))
    else
      hand_back(id)
      back = back + 1
    end
  end
  redis.call('DEL', held, worker_meta_of(worker))
  redis.call('ZREM', workers, worker)
end
return back
