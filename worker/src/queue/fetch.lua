-- The next job, as {{arguments}, {{id, field, value, …}}}; nil where none waits.
-- ARGV[1] the worker's name, ARGV[2] how many past jobs are kept
redis.call('ZADD', workers, 'NX', now, ARGV[1]) -- the store may have lost it
for _, id in ipairs(redis.call('ZRANGEBYSCORE', scheduled, '-inf', now, 'LIMIT', 0, 100)) do
  redis.call('ZREM', scheduled, id)
  redis.call('RPUSH', active, id)
end
while true do
  local id = redis.call('LPOP', active)
  if not id then return false end
  local meta, arguments = meta_of(id), field(data, id)
  local attempts, most = count(meta, 'attempts'), count(meta, 'max_attempts')
  if arguments and attempts and most then
    redis.call('SADD', inflight_of(ARGV[1]), id)
    redis.call('HDEL', meta, 'wanted') -- whoever asked until now is served by this run
    -- How long it waited to be started for the first time, not between two attempts.
    local pushed = tonumber(field(meta, 'pushed_ms'))
    redis.call('HDEL', meta, 'pushed_ms')
    redis.call('HSET', meta, 'attempts', attempts, 'max_attempts', most,
      'status', 'Running', 'locked_by', ARGV[1], 'locked_at', math.floor(now))
    local fields = redis.call('HGETALL', meta)
    table.insert(fields, 1, id)
    if pushed then
      table.insert(fields, 'waited_ms')
      table.insert(fields, string.format('%d', math.max(0, now * 1000 - pushed)))
    end
    return { { arguments }, { fields } }
  end
  -- Nothing that we pushed: to the dead letters with it, never to a worker.
  finish(id, 'Failed', '{"Err":"not a job of ours: no arguments or no attempts"}', tonumber(ARGV[2]))
end
