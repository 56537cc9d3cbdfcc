import { durationText, rateLimitHeaders } from './rate-limit-headers.ts';

const allowed = { rejectedBy: undefined, retryAfterMs: 0 } as const;

describe('rateLimitHeaders', () => {
  it('returns the headers of the platform in seconds, and those of OpenAI as durations', () => {
    expect(
      rateLimitHeaders({
        ...allowed,
        requests: { limit: 60, remaining: 41, resetMs: 18_400 },
        tokens: { limit: 50_000, remaining: 49_000, resetMs: 1_200 },
      }),
    ).toEqual({
      'x-ratelimit-limit': '60',
      'x-ratelimit-remaining': '41',
      'x-ratelimit-reset': '19',
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '41',
      'x-ratelimit-reset-requests': '18.4s',
      'x-ratelimit-limit-tokens': '50000',
      'x-ratelimit-remaining-tokens': '49000',
      'x-ratelimit-reset-tokens': '1.2s',
    });
  });

  it('adds a warning if less than a tenth remains', () => {
    const at = (remaining: number): string | undefined =>
      rateLimitHeaders({ ...allowed, requests: { limit: 20, remaining, resetMs: 1 }, tokens: null })[
        'x-ratelimit-warning'
      ];
    expect(at(2)).toBeUndefined();
    expect(at(1)).toBe('1 of 20 requests left in this minute');
  });

  it('returns no headers without limits', () => {
    expect(rateLimitHeaders({ ...allowed, requests: null, tokens: null })).toEqual({});
  });
});

describe('durationText', () => {
  it.each([
    [0, '0ms'],
    [20, '20ms'],
    [999, '999ms'],
    [1_000, '1s'],
    [1_500, '1.5s'],
    [59_994, '59.99s'],
    [60_000, '1m0s'],
    [366_000, '6m6s'],
  ])('formats %i ms as %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});
