-- A job that was fetched and cannot be read goes to the dead letters.
-- ARGV[1] the worker's name, ARGV[2] id, ARGV[3] why, ARGV[4] how many past jobs are kept
-- Not in our hands: others have dealt with it, and what has that id now may be a good job.
if redis.call('SREM', inflight_of(ARGV[1]), ARGV[2]) == 0 then return 0 end
finish(ARGV[2], 'Failed', ARGV[3], tonumber(ARGV[4]))
return 1
