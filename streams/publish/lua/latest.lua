-- Puts one score into a patient's view unless a newer one is there. Touches one hash slot.
-- KEYS: 1 latest (hash), 2 history (sorted set by as_of)
-- ARGV: 1 topic_id, 2 epoch, 3 offset, 4 as_of, 5 level, 6 index (empty: indeterminate), 7 version, 8 json,
--       9 TTL in seconds, 10 history length, 11 ward, 12 bed, 13 update
-- Returns {place, ward before}: place is 1 where it became the latest, 0 where it is there already, -1 where a newer
-- one is; the ward before is where the patient has to leave the ranking.
-- Order is (epoch, offset) within one topic id; another topic id means the topic was made anew, and starts afresh.
local held = redis.call('HMGET', KEYS[1], 'topic_id', 'epoch', 'offset', 'ward')
local before = held[4] or ''
local epoch, offset = tonumber(ARGV[2]), tonumber(ARGV[3])
local place = 1
if held[1] == ARGV[1] then
  local held_epoch, held_offset = tonumber(held[2]), tonumber(held[3])
  if held_epoch > epoch or (held_epoch == epoch and held_offset > offset) then
    place = -1
  elseif held_epoch == epoch and held_offset == offset then
    return {0, before}
  end
elseif held[1] then
  redis.call('DEL', KEYS[1], KEYS[2])
end
-- One entry per clinical instant; the newest word on it wins, also where it is not the latest of all.
for _, entry in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], ARGV[4], ARGV[4])) do
  local had_epoch, had_offset = string.match(entry, '^(%d+) (%d+) ')
  had_epoch, had_offset = tonumber(had_epoch), tonumber(had_offset)
  if had_epoch > epoch or (had_epoch == epoch and had_offset >= offset) then
    return {place, before}
  end
  redis.call('ZREM', KEYS[2], entry)
end
redis.call('ZADD', KEYS[2], ARGV[4], table.concat({ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]}, ' '))
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -tonumber(ARGV[10]) - 1)
if place == 1 then
  redis.call('HSET', KEYS[1], 'topic_id', ARGV[1], 'epoch', ARGV[2], 'offset', ARGV[3], 'as_of', ARGV[4],
    'level', ARGV[5], 'index', ARGV[6], 'version', ARGV[7], 'json', ARGV[8],
    'ward', ARGV[11], 'bed', ARGV[12])
  redis.call('EXPIRE', KEYS[1], ARGV[9])
  redis.call('EXPIRE', KEYS[2], ARGV[9])
  -- Channels are no keys: a cluster tells all its nodes.
  redis.call('PUBLISH', 'risk:updates', ARGV[13])
  if ARGV[11] ~= '' then
    redis.call('PUBLISH', 'risk:ward:{' .. ARGV[11] .. '}:updates', ARGV[13])
  end
  if before ~= '' and before ~= ARGV[11] then
    redis.call('PUBLISH', 'risk:ward:{' .. before .. '}:updates', ARGV[13])
  end
elseif redis.call('TTL', KEYS[2]) < 0 then
  redis.call('EXPIRE', KEYS[2], ARGV[9])
end
return {place, before}
