-- How many jobs are in which state, and how many workers live. ARGV[1] seconds of silence that mean death
local running = 0
for _, worker in ipairs(redis.call('ZRANGE', workers, 0, -1)) do
  running = running + redis.call('SCARD', inflight_of(worker))
end
return {
  redis.call('LLEN', active) + redis.call('LLEN', later), running, redis.call('ZCARD', scheduled),
  redis.call('ZCARD', queue .. ':dead'), redis.call('ZCARD', queue .. ':done'),
  redis.call('ZCOUNT', workers, '(' .. now - tonumber(ARGV[1]), '+inf'),
}
