-- Forgets a dead letter. ARGV[1] its id. Answers 1 where it was there.
if redis.call('ZREM', queue .. ':dead', ARGV[1]) == 0 then return 0 end
redis.call('HDEL', data, ARGV[1])
redis.call('DEL', meta_of(ARGV[1]))
return 1
