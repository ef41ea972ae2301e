-- Writes entries and tells those who wait, in one step: whoever is woken finds the entry, and
-- nobody who could be woken is forgotten when the writer dies in between.
--
-- KEYS[1] ready channel, KEYS[2..] entries
-- ARGV[1] the message: the keys, one a line
-- ARGV[2..] for each entry: 'newer' (replace what is not newer) or 'absent' (write only where nothing
-- is), value, lifetime in ms
local written = 0

-- An entry ends with the instant at which it was read: looked for there, as a pattern tries each place.
local function fetched_at(entry)
  return string.match(string.sub(entry, -64), '"fetched_at":"([^"]+)"}$')
end

for i = 2, #KEYS do
  local rule, value, lifetime = ARGV[3 * i - 4], ARGV[3 * i - 3], ARGV[3 * i - 2]
  if rule == 'absent' then
    if redis.call('SET', KEYS[i], value, 'PX', lifetime, 'NX') then written = written + 1 end
  else
    -- A value of another type or without an instant is no entry of ours, and a failure is worth less
    -- than any reading: replace them.
    local held = redis.pcall('GET', KEYS[i])
    local failed = type(held) == 'string' and string.find(held, '"failed":true', 1, true)
    local old = type(held) == 'string' and not failed and fetched_at(held)
    if not old or old <= fetched_at(value) then
      redis.call('SET', KEYS[i], value, 'PX', lifetime)
      written = written + 1
    end
  end
end
redis.call('PUBLISH', KEYS[1], ARGV[1])
return written
