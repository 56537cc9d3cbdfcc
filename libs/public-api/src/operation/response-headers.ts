/** Descriptions of the response headers. An operation lists those that it has. */
export const responseHeaderTexts = {
  'X-Request-ID': 'The id of the request, on every response. Include it in problem reports.',
  'X-Xerotier-Worker-ID': 'The worker that served the request.',
  'X-Xerotier-Max-Tokens-Clamped': 'The requested maximum number of tokens, if it was lowered to fit the context.',
  'X-RateLimit-Limit': 'The maximum number of requests per minute.',
  'X-RateLimit-Remaining': 'The remaining number of requests.',
  'X-RateLimit-Reset': 'Seconds until the number of requests resets to its maximum.',
  'X-RateLimit-Warning': 'Names the limit of which less than a tenth remains.',
  'X-RateLimit-Limit-Requests': 'The same as X-RateLimit-Limit.',
  'X-RateLimit-Remaining-Requests': 'The same as X-RateLimit-Remaining.',
  'X-RateLimit-Reset-Requests': 'The same as X-RateLimit-Reset, formatted as `20ms`, `1.5s` or `6m0s`.',
  'X-RateLimit-Limit-Tokens': 'The maximum number of tokens per minute, prompts and completions together.',
  'X-RateLimit-Remaining-Tokens': 'The remaining number of tokens.',
  'X-RateLimit-Reset-Tokens':
    'Time until the number of tokens resets to its maximum, formatted as `20ms`, `1.5s` or `6m0s`.',
  'Retry-After': 'Seconds to wait before a retry.',
  'Set-Cookie':
    'The cookie of the session, `__Host-session`, or of a sign-in by an identity provider, `__Host-sign-in`.',
  Location: 'Where the browser continues.',
  'Accept-Ranges': '`bytes`: ranges of the content can be requested.',
  'Content-Range': 'The range in a 206, such as `bytes 0-1023/4096`; in a 416 the length, `bytes */4096`.',
  'Content-Disposition': 'The name of the file.',
  'WWW-Authenticate': 'The authentication scheme: `Bearer`.',
  Allow: 'The allowed methods of the path.',
} as const;

export type ResponseHeader = keyof typeof responseHeaderTexts;

export const RATE_LIMIT_HEADERS = (Object.keys(responseHeaderTexts) as ResponseHeader[]).filter((name) =>
  name.startsWith('X-RateLimit-'),
);

/** Headers of every operation that runs on a worker. */
export const WORKER_HEADERS: readonly ResponseHeader[] = ['X-Xerotier-Worker-ID', ...RATE_LIMIT_HEADERS];
