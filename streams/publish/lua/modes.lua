-- Puts one model's modes into the view unless newer ones are there. Touches one hash slot.
-- KEYS: 1 models (hash)
-- ARGV: 1 model, 2 topic_id, 3 offset, 4 json
-- Returns 1 where they stand now, 0 where they or newer ones stand already. Another topic id starts afresh.
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held then
  local before = cjson.decode(held)
  if before['topic_id'] == ARGV[2] and tonumber(before['offset']) >= tonumber(ARGV[3]) then
    return 0
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
return 1
