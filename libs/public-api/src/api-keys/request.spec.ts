import { apiKeysQuery, createApiKeyRequest, ipFilterRequest, quotaRequest, rotateApiKeyRequest } from './request.ts';

describe('createApiKeyRequest', () => {
  it('has the scope inference and no restrictions by default', () => {
    expect(createApiKeyRequest.parse({ name: 'k' })).toEqual({ name: 'k', scopes: ['inference'] });
  });

  it.each([
    ['a name', { name: 'k'.repeat(256) }],
    ['all scopes', { scopes: ['inference', 'management', 'execution'] }],
    ['the last second', { expires_at: 253_402_300_799 }],
    ['null for no restriction', { expires_at: null, endpoint: null, quota: null }],
    ['a quota of a month', { quota: { requests: 1_000_000_000, window_seconds: 31 * 24 * 3_600 } }],
  ])('accepts %s', (_, fields) => {
    expect(createApiKeyRequest.safeParse({ name: 'k', ...fields }).error).toBeUndefined();
  });

  it.each([
    ['no name', { name: undefined }],
    ['an empty name', { name: '' }],
    ['a long name', { name: 'k'.repeat(257) }],
    ['no scopes', { scopes: [] }],
    ['an unknown scope', { scopes: ['admin'] }],
    ['a repeated scope', { scopes: ['inference', 'inference'] }],
    ['a fraction of a second', { expires_at: 4_102_444_800.5 }],
    ['a time in milliseconds', { expires_at: 4_102_444_800_000 }],
    ['a quota without a window', { quota: { requests: 1 } }],
    ['a quota of nothing', { quota: { requests: 0, window_seconds: 60 } }],
    ['a window of more than a month', { quota: { requests: 1, window_seconds: 31 * 24 * 3_600 + 1 } }],
  ])('rejects %s', (_, fields) => {
    expect(createApiKeyRequest.safeParse({ name: 'k', ...fields }).success).toBe(false);
  });
});

describe('ipFilterRequest', () => {
  it('allows every address by default', () => {
    expect(ipFilterRequest.parse({})).toEqual({ allow: [], block: [] });
  });

  it.each(['203.0.113.7', '203.0.113.0/24', '0.0.0.0/0', '2001:db8::1', '2001:db8::/32', '::ffff:203.0.113.7'])(
    'accepts %s',
    (network) => {
      expect(ipFilterRequest.safeParse({ allow: [network], block: [network] }).success).toBe(true);
    },
  );

  it.each(['', 'localhost', '203.0.113', '203.0.113.0/33', '203.0.113.0/', '2001:db8::/129', '203.0.113.7 ', 7])(
    'rejects %j',
    (network) => {
      for (const list of ['allow', 'block'])
        expect(ipFilterRequest.safeParse({ [list]: [network] }).success).toBe(false);
    },
  );

  it('has up to 100 networks in a list', () => {
    const networks = Array.from({ length: 101 }, (_, at) => `203.0.113.${at}`);
    expect(ipFilterRequest.safeParse({ allow: networks.slice(1) }).success).toBe(true);
    expect(ipFilterRequest.safeParse({ allow: networks }).success).toBe(false);
  });
});

describe('the other requests', () => {
  it('have defaults', () => {
    expect(rotateApiKeyRequest.parse({})).toEqual({ grace_seconds: 86_400 });
    expect(quotaRequest.parse({ requests: 5 })).toEqual({ requests: 5, window_seconds: 60 });
    expect(apiKeysQuery.parse({})).toEqual({ limit: 20, order: 'desc', include_inactive: false });
    expect(apiKeysQuery.parse({ include_inactive: 'true' })).toMatchObject({ include_inactive: true });
  });

  it.each([-1, 604_801, 0.5])('reject a grace period of %d seconds', (seconds) => {
    expect(rotateApiKeyRequest.safeParse({ grace_seconds: seconds }).success).toBe(false);
  });
});
