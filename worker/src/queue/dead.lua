-- The newest dead letters, as {{id, when it died, arguments, attempts, result}, …}. ARGV[1] how many
local found = {}
local newest = redis.call('ZREVRANGE', queue .. ':dead', 0, ARGV[1] - 1, 'WITHSCORES')
for i = 1, #newest, 2 do
  local meta = meta_of(newest[i])
  table.insert(found, {
    newest[i], math.floor(newest[i + 1]), field(data, newest[i]) or '',
    count(meta, 'attempts') or 0, field(meta, 'result') or '',
  })
end
return found
