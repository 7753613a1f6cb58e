-- Spends one request of every quota, or of none. The arithmetic of `domain::limits::gcra`, which must be
-- changed together with this.
--
-- KEYS[i]          where the quota's theoretical arrival time (TAT) is kept
-- ARGV[2i-1, 2i]   its interval and its depth, in microseconds
-- Answer           now, then for every quota its TAT as it was, or nil: what the caller needs to judge the same
--
-- The time is this server's, so that processes whose clocks differ agree. Numbers are doubles here, which are
-- exact for integers below 2^53; microseconds since 1970 reach that in the year 2255, and no depth is above
-- 2^52. `%.0f` writes them exactly. A script is replicated by its effects (always, since Redis 7; by default,
-- since 5), so a replica writes the same TAT whatever its own clock says.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local answer, after, allowed = {now}, {}, true

for i, key in ipairs(KEYS) do
  local interval, depth = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local tat = tonumber(redis.call('GET', key) or '')
  answer[i + 1] = tat or false
  after[i] = math.max(tat or now, now) + interval
  allowed = allowed and after[i] - now <= depth
end

if allowed then
  for i, key in ipairs(KEYS) do
    -- Once the TAT is past it says nothing any more.
    local left = math.ceil((after[i] - now) / 1000)
    redis.call('SET', key, string.format('%.0f', after[i]), 'PX', string.format('%.0f', left))
  end
end

return answer
