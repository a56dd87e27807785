-- Puts one word on an alert into the view unless a newer one is there. Touches one hash slot.
-- KEYS: 1 open alerts (hash), 2 places of all alerts (hash)
-- ARGV: 1 alert id, 2 topic_id, 3 epoch, 4 offset, 5 json (empty: it has ended), 6 TTL in seconds, 7 ward, 8 update,
--       9 when it changed, in ms
-- An update that is empty is told to nobody. What stands open stays however long nothing is said of it; the TTL is of
-- patients of whom nothing stands open.
-- Returns {place, ward before}: place is 1 where it stands now, 0 where it is there already, -1 where a newer one is.
-- An alert that has ended keeps its place, so that an older word does not open it again.
-- Whoever takes a partition over tells all words again: what says nothing new is kept and not published.
local held = redis.call('HGET', KEYS[2], ARGV[1])
local before, again = '', false
if held then
  local topic_id, epoch, offset, changed, ward = string.match(held, '^(%S*) (%d+) (%d+) (%-?%d+) (.*)$')
  before = ward
  if topic_id == ARGV[2] then
    epoch, offset = tonumber(epoch), tonumber(offset)
    if epoch > tonumber(ARGV[3]) or (epoch == tonumber(ARGV[3]) and offset > tonumber(ARGV[4])) then
      return {-1, before}
    elseif epoch == tonumber(ARGV[3]) and offset == tonumber(ARGV[4]) then
      return {0, before}
    end
    local open = redis.call('HGET', KEYS[1], ARGV[1]) or ''
    again = open == ARGV[5] and changed == ARGV[9] and ward == ARGV[7]
  end
end
redis.call('HSET', KEYS[2], ARGV[1], table.concat({ARGV[2], ARGV[3], ARGV[4], ARGV[9], ARGV[7]}, ' '))
if ARGV[5] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[5])
end
if redis.call('TTL', KEYS[1]) ~= -2 then
  redis.call('PERSIST', KEYS[1])
  redis.call('PERSIST', KEYS[2])
else
  redis.call('EXPIRE', KEYS[2], ARGV[6])
end
if again or ARGV[8] == '' then
  return {1, before}
end
redis.call('PUBLISH', 'risk:alerts:updates', ARGV[8])
if ARGV[7] ~= '' then
  redis.call('PUBLISH', 'risk:ward:{' .. ARGV[7] .. '}:alerts:updates', ARGV[8])
end
if before ~= '' and before ~= ARGV[7] then
  redis.call('PUBLISH', 'risk:ward:{' .. before .. '}:alerts:updates', ARGV[8])
end
return {1, before}
