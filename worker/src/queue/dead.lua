-- The newest dead letters, as {{id, when it died, arguments, attempts, result}, …}. ARGV[1] how many
local longest = 65536 -- of a result; ours are a few hundred bytes
local found = {}
local newest = redis.call('ZREVRANGE', queue .. ':dead', 0, ARGV[1] - 1, 'WITHSCORES')
for i = 1, #newest, 2 do
  local meta = meta_of(newest[i])
  table.insert(found, {
    newest[i], math.floor(newest[i + 1]), arguments_of(newest[i]) or '',
    count(meta, 'attempts') or 0, (field(meta, 'result') or ''):sub(1, longest),
  })
end
return found
