import { slidingParts } from './rule.ts'

/**
 * `rule.ts` in Lua: charges all limits of a request or none. KEYS are the counters; ARGV of each its kind, limit,
 * window in milliseconds and units. A fixed window is a number with an end, a sliding one a hash of parts by number, a
 * bucket the time when it is full. Every key has an end. Answers which limit refused (from 1, 0 for none), how long
 * it makes wait, then of each limit what is left and the milliseconds until it resets.
 */
export const script = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local parts = ${slidingParts}
local rooms, resets, ends, states = {}, {}, {}, {}
local refused, wait = 0, 0

local function nextUnit(missing, each)
  return missing - math.max(0, math.ceil(missing / each - 1e-6) - 1) * each
end

for i, key in ipairs(KEYS) do
  local kind, limit = ARGV[4 * i - 3], tonumber(ARGV[4 * i - 2])
  local window, units = tonumber(ARGV[4 * i - 1]), tonumber(ARGV[4 * i])
  local room, reset, late
  if kind == 'fixed' then
    room = limit - tonumber(redis.call('GET', key) or '0')
    reset = redis.call('PTTL', key)
    if reset < 0 then
      reset = window
      if room < limit then redis.call('PEXPIRE', key, math.ceil(window)) end
    end
    late = reset
  elseif kind == 'sliding' then
    local current = math.floor(now * parts / window)
    local counts, numbers = {}, {}
    room = limit
    local all = redis.call('HGETALL', key)
    for j = 1, #all, 2 do
      local part, count = tonumber(all[j]), tonumber(all[j + 1])
      if part < current - parts then
        redis.call('HDEL', key, all[j])
      else
        numbers[#numbers + 1] = part
        counts[part] = count
        room = room - count
      end
    end
    table.sort(numbers)
    reset = window
    if #numbers > 0 then reset = (numbers[1] + parts + 1) * window / parts - now end
    local free = room
    late = reset
    for _, part in ipairs(numbers) do
      if free >= units then break end
      free = free + counts[part]
      late = (part + parts + 1) * window / parts - now
    end
    states[i] = current
  else
    local full = math.max(tonumber(redis.call('GET', key) or '0'), now)
    room = limit - (full - now) * limit / window
    reset = nextUnit(full - now, window / limit)
    late = full - now
    if units <= limit then late = math.max(0, late - (limit - units) * window / limit) end
    states[i] = full
  end
  rooms[i], resets[i] = room, reset
  if room + 1e-9 * units + 1e-6 < units and (refused == 0 or late > wait) then refused, wait = i, late end
end

if refused == 0 then
  for i, key in ipairs(KEYS) do
    local kind, limit = ARGV[4 * i - 3], tonumber(ARGV[4 * i - 2])
    local window, units = tonumber(ARGV[4 * i - 1]), tonumber(ARGV[4 * i])
    if units > 0 then
      rooms[i] = rooms[i] - units
      if kind == 'fixed' then
        redis.call('INCRBY', key, units)
        redis.call('PEXPIRE', key, math.ceil(resets[i]))
      elseif kind == 'sliding' then
        redis.call('HINCRBY', key, string.format('%.0f', states[i]), units)
        redis.call('PEXPIRE', key, math.ceil(window * (parts + 1) / parts))
      else
        local full = states[i] + units * window / limit
        resets[i] = nextUnit(full - now, window / limit)
        redis.call('SET', key, string.format('%.3f', full), 'PX', math.max(1, math.ceil(full - now)))
      end
    end
  end
end

local answer = {refused, math.ceil(wait)}
for i = 1, #KEYS do
  answer[2 * i + 1] = math.floor(rooms[i] + 1e-6)
  answer[2 * i + 2] = math.ceil(resets[i])
end
return answer`
