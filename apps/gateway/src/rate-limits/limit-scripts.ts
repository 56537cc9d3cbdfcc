/**
 * The operations of a limiter as Redis scripts. They are atomic and use the clock of Redis, so all gateways are consistent.
 *
 * KEYS are pairs, one for each account that a request counts towards, in this order: the key under its tier (`rate`), the key
 * (`key`), and the project (`project`). An account that has no limits is left out. The first key of a pair is a hash:
 *
 * - `requests` and `tokens`: times in microseconds at which the allowance is full again (the "theoretical arrival time" of GCRA);
 * - `quota_used` and `quota_ends`: requests in the current window, and its end in microseconds;
 * - `spent` and `month_ends`: micro-units of this month, and its end in microseconds;
 * - `raised`: the part of `spent` that the ledger has added, without what late settlements were not charged for;
 * - `running` and `held`: the number of open holds, and the sum of their tokens (`rate`) or micro-units.
 *
 * The second key is a sorted set: open holds, `{id}:{amount}`, by their expiry, and expired ones that can still be settled,
 * `!{id}:{amount}`, by when they are forgotten.
 *
 * ARGV[1] is the time in microseconds, for tests; empty for the clock of Redis. Numbers are formatted with %.0f, since they have
 * 16 digits, and the default format of Lua has 14.
 */
const PRELUDE = `
local window, late, minutes = 60000000, 600000000, 120000000
local function number(value) return string.format('%.0f', value) end
local now
if ARGV[1] ~= '' then now = tonumber(ARGV[1])
else
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local function read(key, ...)
  local values = redis.call('HMGET', key, ...)
  for i = 1, #values do values[i] = tonumber(values[i]) or 0 end
  return unpack(values)
end
local function amount_of(hold) return tonumber(string.match(hold, ':(%d+)$')) end
local function remove(key, hold)
  redis.call('HINCRBY', key, 'running', -1)
  redis.call('HINCRBY', key, 'held', number(0 - amount_of(hold)))
end
local function expire(key, holds)
  for _, hold in ipairs(redis.call('ZRANGEBYSCORE', holds, '-inf', number(now))) do
    redis.call('ZREM', holds, hold)
    if string.sub(hold, 1, 1) ~= '!' then
      remove(key, hold)
      redis.call('ZADD', holds, number(now + late), '!' .. hold)
    end
  end
end
local function close(key, holds, hold)
  if redis.call('ZREM', holds, hold) == 1 then
    remove(key, hold)
    return 'open'
  end
  return redis.call('ZREM', holds, '!' .. hold) == 1 and 'expired'
end
-- What was held in a month that has ended is not charged to the next one.
local function begin_month(key, holds)
  local ends = read(key, 'month_ends')
  if ends == 0 or ends > now then return end
  redis.call('DEL', holds)
  redis.call('HSET', key, 'spent', 0, 'raised', 0, 'month_ends', 0, 'running', 0, 'held', 0)
end
-- Both keys of an account expire at the same time: without its hash, a hold would be subtracted from nothing.
local function keep(key, holds)
  local latest = math.max(now + late, read(key, 'requests', 'tokens', 'quota_ends', 'month_ends'))
  local ttl = number(math.ceil((latest - now + minutes) / 1000))
  redis.call('PEXPIRE', key, ttl)
  redis.call('PEXPIRE', holds, ttl)
end
`;

/**
 * ARGV: time, id of the hold, its lifetime in milliseconds, then for each account seven values:
 *
 * - `rate`, tokens to hold, requests per minute, tokens per minute, running requests (0 for no limit), requests beyond those per
 *   minute that are admitted at once, and one that is unused;
 * - `key` or `project`, micro-units to hold, requests of the quota (0 for no quota), its window in microseconds, micro-units of the
 *   spend cap (empty for no cap), those that the ledger knows of, and the end of their month in microseconds.
 *
 * Returns: rejected by (0 admitted, 1 requests, 2 tokens, 3 running requests, 4 quota, 5 spend of the key, 6 of the project), wait
 * in microseconds, remaining requests, microseconds until requests are full, remaining tokens, microseconds until tokens are full.
 */
export const ADMIT_SCRIPT = `${PRELUDE}
local id, expires = ARGV[2], number(now + tonumber(ARGV[3]) * 1000)
local rejected, wait = 0, 0
local function reject(by, time)
  if time > wait then rejected, wait = by, time end
end
local takes = {}
local function hold(key, holds, amount)
  redis.call('ZADD', holds, expires, id .. ':' .. amount)
  redis.call('HINCRBY', key, 'running', 1)
  redis.call('HINCRBY', key, 'held', amount)
end
local remaining = { 0, '0', 0, '0' }

local function check_rate(key, holds, amount, request_limit, token_limit, running_max, burst)
  local requests, tokens, held, running = read(key, 'requests', 'tokens', 'held', 'running')
  requests, tokens = math.max(now, requests), math.max(now, tokens)
  local request_step = request_limit > 0 and window / request_limit or 0
  local token_step = token_limit > 0 and window / token_limit or 0
  local request_wait = requests - now + request_step - window - burst * request_step
  local token_wait = tokens - now + (held + amount) * token_step - window
  if request_limit > 0 and request_wait > 1 then reject(1, request_wait) end
  if token_limit > 0 and token_wait > 1 then reject(2, token_wait) end
  if running_max > 0 and running >= running_max then reject(3, 1000000) end
  takes[#takes + 1] = function()
    requests = requests + request_step
    redis.call('HSET', key, 'requests', number(requests))
    if token_limit == 0 and running_max == 0 then return end
    held = held + amount
    hold(key, holds, number(amount))
  end
  return function()
    if request_limit > 0 then
      remaining[1] = math.max(0, math.floor((window - (requests - now)) / request_step + 0.000001))
      remaining[2] = number(requests - now)
    end
    if token_limit > 0 then
      remaining[3] = math.max(0, math.floor((window - (tokens - now)) / token_step - held + 0.000001))
      remaining[4] = number(tokens - now + held * token_step)
    end
  end
end

local function check_quota(key, limit, length)
  local used, ends = read(key, 'quota_used', 'quota_ends')
  if ends <= now then used, ends = 0, now + length end
  -- The window may have been made shorter.
  ends = math.min(ends, now + length)
  if used >= limit then reject(4, ends - now) end
  takes[#takes + 1] = function() redis.call('HSET', key, 'quota_used', number(used + 1), 'quota_ends', number(ends)) end
end

local function check_spend(key, holds, by, amount, cap, recorded, month_ends)
  begin_month(key, holds)
  local spent, ends, held, raised = read(key, 'spent', 'month_ends', 'held', 'raised')
  -- The ledger is right about what it knows of, but what it knows may be of the month before.
  if month_ends > now and (ends == 0 or ends == month_ends) then
    local raise = math.max(0, recorded - spent)
    ends, spent, raised = month_ends, spent + raise, raised + raise
  end
  if spent + held + amount > cap then reject(by, math.max(ends - now, 1000000)) end
  takes[#takes + 1] = function()
    redis.call('HSET', key, 'spent', number(spent), 'raised', number(raised), 'month_ends', number(ends))
    hold(key, holds, number(amount))
  end
end

local finish
for i = 1, #KEYS / 2 do
  local key, holds, at = KEYS[i * 2 - 1], KEYS[i * 2], 4 + (i - 1) * 7
  local kind, amount = ARGV[at], tonumber(ARGV[at + 1])
  local first, second, third = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  expire(key, holds)
  if kind == 'rate' then finish = check_rate(key, holds, amount, first, second, third, tonumber(ARGV[at + 5]))
  else
    if first > 0 then check_quota(key, first, second) end
    if third then
      local by = kind == 'key' and 5 or 6
      check_spend(key, holds, by, amount, third, tonumber(ARGV[at + 5]), tonumber(ARGV[at + 6]))
    end
  end
end
if rejected == 0 then
  for _, take in ipairs(takes) do take() end
  for i = 1, #KEYS, 2 do keep(KEYS[i], KEYS[i + 1]) end
end
if finish then finish() end
return { rejected, number(wait), remaining[1], remaining[2], remaining[3], remaining[4] }
`;

/** ARGV: time, then for each account: its kind, the hold, the usage, tokens per minute (0 for no limit). Returns 1. */
export const SETTLE_SCRIPT = `${PRELUDE}
for i = 1, #KEYS / 2 do
  local key, holds, at = KEYS[i * 2 - 1], KEYS[i * 2], 2 + (i - 1) * 4
  local used, token_limit = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  expire(key, holds)
  if ARGV[at] ~= 'rate' then begin_month(key, holds) end
  local closed = close(key, holds, ARGV[at + 1])
  if closed then
    if ARGV[at] ~= 'rate' then
      -- While nobody renewed the hold, the ledger may have added the request, from the report of its worker.
      local known = closed == 'expired' and math.min(used, (read(key, 'raised'))) or 0
      redis.call('HINCRBY', key, 'spent', number(used - known))
      redis.call('HINCRBY', key, 'raised', number(0 - known))
    elseif token_limit > 0 then
      local tokens = math.max(now, (read(key, 'tokens')))
      redis.call('HSET', key, 'tokens', number(tokens + used * window / token_limit))
    end
    keep(key, holds)
  end
end
return 1
`;

/** ARGV: time, lifetime in milliseconds, then the hold in each account. An expired hold is not renewed. Returns 1. */
export const RENEW_SCRIPT = `${PRELUDE}
for i = 1, #KEYS / 2 do
  local key, holds = KEYS[i * 2 - 1], KEYS[i * 2]
  expire(key, holds)
  redis.call('ZADD', holds, 'XX', number(now + tonumber(ARGV[2]) * 1000), ARGV[2 + i])
  keep(key, holds)
end
return 1
`;
