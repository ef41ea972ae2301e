-- What the dashboard shows of jobs; it changes nothing, and reads no more jobs than it gives.
-- ARGV[1] 'find': the job ARGV[2]; else a status, or '' for all: ARGV[3] jobs, after the first ARGV[2]
-- Answers a list of {id, arguments, the fields below}; what is not there is nil.
local longest = 65536 -- of a text; ours are a few hundred bytes
local rows = {}

local function add(id)
  local row = { id, field(data, id) }
  local meta = redis.pcall('HMGET', meta_of(id), 'status', 'attempts', 'max_attempts', 'pushed_at',
    'locked_by', 'locked_at', 'done_at', 'result', 'last_error')
  for i = 1, 9 do row[i + 2] = not meta.err and meta[i] or false end
  for i = 2, #row do row[i] = row[i] and row[i]:sub(1, longest) end
  rows[#rows + 1] = row
end

if ARGV[1] == 'find' then
  if redis.call('HEXISTS', data, ARGV[2]) == 1 then add(ARGV[2]) end
  return rows
end

local skip, room = tonumber(ARGV[2]), tonumber(ARGV[3])
-- The part of a list of so many that is on the page; `slice` takes the first and the last, from 0.
local function page(length, slice)
  if skip < length and room > 0 then
    local last = math.min(length, skip + room) - 1
    for _, id in ipairs(slice(skip, last)) do add(id) end
    room = room - (last - skip + 1)
  end
  skip = math.max(0, skip - length)
end
local function is_asked_for(status) return ARGV[1] == '' or ARGV[1] == status end

if is_asked_for('Running') then
  local held = {} -- at most the jobs that all workers may run at once
  for _, worker in ipairs(redis.call('ZRANGE', workers, 0, -1)) do
    for _, id in ipairs(redis.call('SMEMBERS', inflight_of(worker))) do held[#held + 1] = id end
  end
  table.sort(held)
  page(#held, function(first, last)
    local ids = {}
    for i = first, last do ids[#ids + 1] = held[i + 1] end
    return ids
  end)
end
if is_asked_for('Pending') then
  for _, list in ipairs({ active, later }) do
    page(redis.call('LLEN', list), function(first, last) return redis.call('LRANGE', list, first, last) end)
  end
  page(redis.call('ZCARD', scheduled), function(first, last)
    return redis.call('ZRANGE', scheduled, first, last)
  end)
end
-- What ended last comes first.
for _, ended in ipairs({ { 'Failed', queue .. ':dead' }, { 'Done', queue .. ':done' } }) do
  if is_asked_for(ended[1]) then
    page(redis.call('ZCARD', ended[2]), function(first, last)
      return redis.call('ZREVRANGE', ended[2], first, last)
    end)
  end
end
return rows
