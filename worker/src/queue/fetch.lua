-- How many that were no jobs of ours were found on the way and are dead letters now; the next job, as
-- {{arguments}, {{id, field, value, …}}}, nil where none waits, {} where the looking was cut short; and how many
-- wait besides, those among them that have to wait for another to end.
-- ARGV[1] the worker's name, ARGV[2] how many past jobs are kept
redis.call('ZADD', workers, 'NX', now, ARGV[1]) -- the store may have lost it
for _, id in ipairs(redis.call('ZRANGEBYSCORE', scheduled, '-inf', now, 'LIMIT', 0, 100)) do
  redis.call('ZREM', scheduled, id)
  redis.call('RPUSH', list_of(id), id)
end

-- Jobs that nobody waits for come after all others, and one at a time among all workers: so what
-- they take from a visitor is at most one turn with a vendor.
local running_later = later .. ':running'
local function one_of_later_runs()
  local id = redis.call('GET', running_later)
  for _, worker in ipairs(id and redis.call('ZRANGE', workers, 0, -1) or {}) do
    if redis.call('SISMEMBER', inflight_of(worker), id) == 1 then return true end
  end
end
local function next_id()
  local id = redis.call('LPOP', active)
  if id or redis.call('LLEN', later) == 0 or one_of_later_runs() then return id end
  id = redis.call('LPOP', later)
  redis.call('SET', running_later, id, 'EX', 600) -- whether it still runs is seen by who holds it
  return id
end

local function waiting()
  return redis.call('LLEN', active) + redis.call('LLEN', later)
end

local buried = 0
-- Nobody else is served while a script runs, so it buries a hundred at most.
for _ = 1, 100 do
  local id = next_id()
  if not id then return { buried, false, waiting() } end
  local meta, arguments = meta_of(id), arguments_of(id)
  local attempts, most = count(meta, 'attempts'), most_of(meta)
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
    if pushed and not field(meta, 'can_wait') then
      table.insert(fields, 'waited_ms')
      table.insert(fields, string.format('%d', math.max(0, now * 1000 - pushed)))
    end
    return { buried, { { arguments }, { fields } }, waiting() }
  end
  -- Nothing that we pushed: to the dead letters with it, never to a worker.
  finish(id, 'Failed', '{"Err":"not a job of ours: no arguments that fit, or no attempts"}', tonumber(ARGV[2]))
  buried = buried + 1
end
return { buried, {}, waiting() }
