import { checkOwnSite } from './own-site.ts';

function check(headers: Record<string, string>, host = 'example.com'): () => void {
  return () => checkOwnSite({ headers, host });
}

const REJECTED = expect.objectContaining({ code: 'session.origin_not_allowed' });

describe('checkOwnSite', () => {
  it.each([
    [{ origin: 'https://example.com' }],
    [{ origin: 'http://example.com' }],
    [{ 'sec-fetch-site': 'same-origin' }],
    [{ 'sec-fetch-site': 'none' }],
    // Behind a proxy that changes the host.
    [{ 'sec-fetch-site': 'same-origin', origin: 'https://public.example.com' }],
  ])('accepts %j', (headers) => {
    expect(check(headers)).not.toThrow();
  });

  it('compares ports, except the default one', () => {
    expect(check({ origin: 'http://localhost:8080' }, 'localhost:8080')).not.toThrow();
    expect(check({ origin: 'http://localhost:8081' }, 'localhost:8080')).toThrow(REJECTED);
    expect(check({ origin: 'https://example.com:443' }, 'Example.com')).not.toThrow();
  });

  it.each([
    [{}],
    [{ origin: 'null' }],
    [{ origin: '' }],
    [{ origin: 'https://example.com.evil.test' }],
    [{ origin: 'https://evil.test' }],
    [{ origin: 'https://sub.example.com' }],
    [{ origin: 'file://example.com' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{ 'sec-fetch-site': 'cross-site', origin: 'https://example.com' }],
    [{ referer: 'https://example.com/' }],
  ])('rejects %j', (headers) => {
    expect(check(headers)).toThrow(REJECTED);
  });
});
