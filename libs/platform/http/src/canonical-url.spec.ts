import fc from 'fast-check';
import { canonicalUrl } from './canonical-url.ts';

describe('canonicalUrl', () => {
  it.each([
    ['/', '/'],
    ['//', '/'],
    ['/?a=1', '/?a=1'],
    ['//?a=//', '/?a=//'],
    ['/docs/', '/docs'],
    ['/docs//', '/docs'],
    ['/v1//models/?after=a//b/', '/v1/models?after=a//b/'],
    ['//v1/models', '/v1/models'],
    ['http://host/v1/models/', '/v1/models'],
    ['HTTPS://user@host:1', '/'],
    ['http://host?a=1', '/?a=1'],
  ])('rewrites %j to %j', (url, canonical) => {
    expect(canonicalUrl(url)).toBe(canonical);
  });

  it.each(['/v1/models', '/v1/models?a=//', '/a%2Fb', '/a/%2F', '/.', '/a/../b', '*', '/a:b', '/x?y/z/'])(
    'leaves %j unchanged',
    (url) => {
      expect(canonicalUrl(url)).toBe(url);
    },
  );

  it('is idempotent and preserves the query', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('/', 'a', '%2F', '.', ':', '\\')),
        fc.constantFrom('', '?q=//x/', '#/'),
        (parts, rest) => {
          const once = canonicalUrl(`/${parts.join('')}${rest}`);
          expect(canonicalUrl(once)).toBe(once);
          expect(once).toMatch(/^\/(?!\/)/);
          expect(once.endsWith(rest)).toBe(true);
        },
      ),
    );
  });

  it('handles a path of slashes in linear time', () => {
    expect(canonicalUrl(`${'/a'.repeat(20_000)}${'/'.repeat(20_000)}`)).toBe('/a'.repeat(20_000));
  });
});
