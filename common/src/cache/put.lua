-- Writes entries and tells those who wait, in one step: whoever is woken finds the entry, and
-- nobody who could be woken is forgotten when the writer dies in between.
--
-- KEYS[1] ready channel, KEYS[2..] entries
-- ARGV[1] 'newer': replace what is not newer; 'absent': write only where nothing is
-- ARGV[2] the message: the keys, one a line
-- ARGV[3..] value, lifetime in ms, for each entry
local written = 0
for i = 2, #KEYS do
  local value, lifetime = ARGV[2 * i - 1], ARGV[2 * i]
  if ARGV[1] == 'absent' then
    if redis.call('SET', KEYS[i], value, 'PX', lifetime, 'NX') then written = written + 1 end
  else
    -- A value of another type or without an instant is no entry of ours: replace it.
    local held = redis.pcall('GET', KEYS[i])
    local pattern = '"fetched_at":"([^"]+)"}$'
    local old = type(held) == 'string' and string.match(held, pattern)
    if not old or old <= string.match(value, pattern) then
      redis.call('SET', KEYS[i], value, 'PX', lifetime)
      written = written + 1
    end
  end
end
redis.call('PUBLISH', KEYS[1], ARGV[2])
return written
