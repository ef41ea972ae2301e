-- Workers, the one heard of last first. ARGV[1] how many at most
-- Answers {name, last heard of, since when, layers} of each.
local rows = {}
local listed = redis.call('ZREVRANGE', workers, 0, tonumber(ARGV[1]) - 1, 'WITHSCORES')
for i = 1, #listed, 2 do
  local meta = worker_meta_of(listed[i])
  rows[#rows + 1] = { listed[i], listed[i + 1], field(meta, 'started_at'), field(meta, 'service') }
end
return rows
