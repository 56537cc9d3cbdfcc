/**
 * The operations of a limiter as Redis scripts. They are atomic and use the clock of Redis, so all gateways are consistent.
 *
 * KEYS[1] is a hash: `requests` and `tokens` are the times in microseconds at which the allowance is full again (the
 * "theoretical arrival time" of GCRA); `held` is the sum of the open holds. KEYS[2] is a sorted set of the holds,
 * `{id}:{tokens}`, by their expiry.
 *
 * ARGV[1] is the time in microseconds, for tests; empty for the clock of Redis. Numbers are formatted with %.0f, since they have
 * 16 digits, and the default format of Lua has 14.
 */
const PRELUDE = `
local function now_us()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
local function number(value) return string.format('%.0f', value) end
local window = 60000000
local now = now_us()
local state = redis.call('HMGET', KEYS[1], 'requests', 'tokens', 'held')
local requests = math.max(now, tonumber(state[1]) or 0)
local tokens = math.max(now, tonumber(state[2]) or 0)
local held = tonumber(state[3]) or 0
for _, hold in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', number(now))) do
  held = held - tonumber(string.match(hold, ':(%d+)$'))
  redis.call('ZREM', KEYS[2], hold)
end
local function keep()
  redis.call('HSET', KEYS[1], 'requests', number(requests), 'tokens', number(tokens), 'held', number(held))
  local ttl = math.ceil((math.max(requests, tokens) - now + window * 2) / 1000)
  redis.call('PEXPIRE', KEYS[1], number(ttl))
  redis.call('PEXPIRE', KEYS[2], number(ttl))
end
`;

/**
 * ARGV: time, requests per minute, tokens per minute (0 for no limit), id and tokens of the hold, its lifetime in milliseconds.
 * Returns: rejected by (0 admitted, 1 requests, 2 tokens), wait in microseconds, remaining requests, microseconds until requests
 * are full, remaining tokens, microseconds until tokens are full.
 */
export const ADMIT_SCRIPT = `${PRELUDE}
local request_limit, token_limit = tonumber(ARGV[2]), tonumber(ARGV[3])
local cost = tonumber(ARGV[5])
local request_step = request_limit > 0 and window / request_limit or 0
local token_step = token_limit > 0 and window / token_limit or 0
local request_wait = requests - now + request_step - window
local token_wait = tokens - now + (held + cost) * token_step - window
local rejected, wait = 0, 0
if request_wait > 1 then rejected, wait = 1, request_wait end
if token_limit > 0 and token_wait > 1 and token_wait > wait then rejected, wait = 2, token_wait end
if rejected == 0 then
  requests = requests + request_step
  if token_limit > 0 then
    held = held + cost
    redis.call('ZADD', KEYS[2], number(now + tonumber(ARGV[6]) * 1000), ARGV[4] .. ':' .. ARGV[5])
  end
end
keep()
local requests_left = request_limit > 0 and math.floor((window - (requests - now)) / request_step + 0.000001) or 0
local tokens_left = token_limit > 0 and math.floor((window - (tokens - now)) / token_step - held + 0.000001) or 0
return { rejected, number(wait), math.max(0, requests_left), number(requests - now),
  math.max(0, tokens_left), number(tokens - now + held * token_step) }
`;

/** ARGV: time, tokens per minute, id and tokens of the hold, used tokens. */
export const SETTLE_SCRIPT = `${PRELUDE}
if redis.call('ZREM', KEYS[2], ARGV[3] .. ':' .. ARGV[4]) == 1 then held = held - tonumber(ARGV[4]) end
tokens = tokens + tonumber(ARGV[5]) * window / tonumber(ARGV[2])
keep()
return 1
`;

/** ARGV: time, lifetime in milliseconds, the member of the hold in the set. An expired hold is not renewed. */
export const RENEW_SCRIPT = `${PRELUDE}
redis.call('ZADD', KEYS[2], 'XX', number(now + tonumber(ARGV[2]) * 1000), ARGV[3])
keep()
return 1
`;
