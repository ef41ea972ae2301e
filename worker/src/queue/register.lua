-- A worker is here. ARGV[1] its name, ARGV[2] its layers
redis.call('ZADD', workers, now, ARGV[1])
local meta = worker_meta_of(ARGV[1])
redis.call('HSET', meta, 'backend_name', 'RedisStorage', 'service', ARGV[2])
redis.call('HSETNX', meta, 'started_at', math.floor(now))
redis.call('EXPIRE', meta, 60)
return 1
