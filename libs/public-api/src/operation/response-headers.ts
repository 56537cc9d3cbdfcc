/** The headers of responses by name, and what they say. An operation picks the ones that it has. */
export const responseHeaderTexts = {
  'X-Request-ID': 'The id of the request, on every response. Tell it when you report a problem.',
  'X-Xerotier-Worker-ID': 'The worker that served the request.',
  'X-Xerotier-Max-Tokens-Clamped': 'The number of tokens that was asked for, when it had to be lowered to what fits.',
  'X-RateLimit-Limit': 'Requests that the key may send in a minute.',
  'X-RateLimit-Remaining': 'Requests that are left of them.',
  'X-RateLimit-Reset': 'Seconds until all of them are there again.',
  'X-RateLimit-Warning': 'Says what runs low, below a tenth of an allowance.',
  'X-RateLimit-Limit-Requests': 'As X-RateLimit-Limit.',
  'X-RateLimit-Remaining-Requests': 'As X-RateLimit-Remaining.',
  'X-RateLimit-Reset-Requests': 'As X-RateLimit-Reset, written as `20ms`, `1.5s` or `6m0s`.',
  'X-RateLimit-Limit-Tokens': 'Tokens that the key may use in a minute, prompts and answers together.',
  'X-RateLimit-Remaining-Tokens': 'Tokens that are left of them.',
  'X-RateLimit-Reset-Tokens': 'How long until all of them are there again, written as `20ms`, `1.5s` or `6m0s`.',
  'Retry-After': 'Seconds to wait before the request is sent again.',
  'WWW-Authenticate': 'How to authenticate: `Bearer`.',
  Allow: 'The methods that the path has.',
} as const;

export type ResponseHeader = keyof typeof responseHeaderTexts;

export const RATE_LIMIT_HEADERS = (Object.keys(responseHeaderTexts) as ResponseHeader[]).filter((name) =>
  name.startsWith('X-RateLimit-'),
);

/** Of everything that a worker computes. */
export const WORKER_HEADERS: readonly ResponseHeader[] = ['X-Xerotier-Worker-ID', ...RATE_LIMIT_HEADERS];
