-- A job that was fetched and cannot be read goes to the dead letters.
-- ARGV[1] the worker's name, ARGV[2] id, ARGV[3] why, ARGV[4] how many past jobs are kept
redis.call('SREM', inflight_of(ARGV[1]), ARGV[2])
finish(ARGV[2], 'Failed', ARGV[3], tonumber(ARGV[4]))
return 1
