-- Of a pause is written when it ends (Unix ms; 0: there is none), kept for as long as any pause can
-- last. So a key that is not there was lost, or nobody has said anything for a day; and what ended a
-- pause early is told from a store that forgot it.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- What is left (ms), 0: there is none, -1: nobody knows. A key without a lifetime pauses nobody.
local function left_of_pause(key)
  local ends = redis.call('GET', key)
  if not ends then return -1 end
  return math.max(0, math.min((tonumber(ends) or 0) - now, redis.call('PTTL', key)))
end
