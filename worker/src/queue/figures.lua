-- What the status page tells of the queue beside its depth; it changes nothing.
-- Returns how long the job that waits longest has waited (ms; -1: none does), and what became of the
-- pushes of this day (UTC), as names and counts.
local now_ms = math.floor(now * 1000)
local oldest = -1
for _, list in ipairs({ active, later }) do
  local id = redis.call('LINDEX', list, 0)
  local pushed = id and tonumber(field(meta_of(id), 'pushed_ms') or '')
  if pushed then oldest = math.max(oldest, now_ms - pushed) end
end
return { oldest, redis.call('HGETALL', queue .. ':pushes:' .. math.floor(clock[1] / 86400)) }
