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
  ])('writes %j as %j', (url, canonical) => {
    expect(canonicalUrl(url)).toBe(canonical);
  });

  it.each(['/v1/models', '/v1/models?a=//', '/a%2Fb', '/a/%2F', '/.', '/a/../b', '*', '/a:b', '/x?y/z/'])(
    'leaves %j as it is',
    (url) => {
      expect(canonicalUrl(url)).toBe(url);
    },
  );

  it('changes nothing the second time, and nothing behind the path', () => {
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

  it('takes no time for a path of slashes', () => {
    expect(canonicalUrl(`${'/a'.repeat(20_000)}${'/'.repeat(20_000)}`)).toBe('/a'.repeat(20_000));
  });
});
