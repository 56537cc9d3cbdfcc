import fc from 'fast-check';
import { urlByPath } from './host-address.ts';

const DOMAIN = 'api.example.test';
const byPath = (host: string | undefined, url = '/v1/models'): string => urlByPath(host, url, DOMAIN);

/** The text with random letter case. */
const anyCase = (text: string): fc.Arbitrary<string> =>
  fc
    .array(fc.boolean(), { minLength: text.length, maxLength: text.length })
    .map((upper) => [...text].map((letter, i) => (upper[i] ? letter.toUpperCase() : letter.toLowerCase())).join(''));

const projectId = fc.stringMatching(/^[A-Z0-9]{10}$/).map((id) => `proj_${id}`);
const slug = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined });
const versionedUrl = fc.oneof(
  fc.constantFrom('/v1', '/v1?x=1', '/v1/', '/v2/rerank'),
  fc.webPath().map((path) => `/v1/${path}`),
);

describe('urlByPath', () => {
  it('converts project and endpoint of the host to a path, in any spelling of the host', () => {
    const address = fc.record({ project: projectId, endpoint: fc.option(slug, { nil: undefined }) });
    fc.assert(
      fc.property(
        address.chain(({ project, endpoint }) => {
          const labels = [...(endpoint === undefined ? [] : [endpoint]), project, DOMAIN];
          return fc.record({
            host: anyCase(labels.join('.')),
            base: fc.constant(`/${[project, ...(endpoint === undefined ? [] : [endpoint])].join('/')}`),
          });
        }),
        fc.boolean(),
        port,
        versionedUrl,
        ({ host, base }, dot, at, url) => {
          const written = `${host}${dot ? '.' : ''}${at === undefined ? '' : `:${at}`}`;
          expect(byPath(written, url)).toBe(base + url);
        },
      ),
    );
  });

  it.each([
    ['/proj_ABC123/chat/v1/models'],
    ['/proj_OTHER00000/chat/v1/models'],
    ['/'],
    ['/v1x/models'],
    ['/v10/models'],
    ['/v3/models'],
    ['//v1/models'],
    ['/V1/models'],
    ['/v1%2fmodels'],
    ['/%76%31/models'],
    ['/./v1/models'],
    ['*'],
    ['http://chat.proj_abc123.api.example.test/v1/models'],
    [''],
  ])('returns %j unchanged, which does not start with a version', (url) => {
    expect(byPath(`chat.proj_abc123.${DOMAIN}`, url)).toBe(url);
  });

  it.each([
    [undefined],
    [''],
    [DOMAIN],
    ['127.0.0.1:8080'],
    ['[::1]:8080'],
    [`chat.${DOMAIN}`],
    [`chat.project.${DOMAIN}`],
    [`more.chat.proj_abc123.${DOMAIN}`],
    [`.proj_abc123.${DOMAIN}`],
    [`proj_.${DOMAIN}`],
    [`proj_abc123${DOMAIN}`],
    [`proj_abc123.x${DOMAIN}`],
    [`proj_abc123.${DOMAIN}.evil.test`],
    [`proj_abc123.${DOMAIN}..`],
    [`proj_abc123.${DOMAIN}:`],
    [`proj_abc123.${DOMAIN}:80:80`],
    [`proj_abc123.${DOMAIN}:0x50`],
    [`user@proj_abc123.${DOMAIN}`],
    [`user:pass@proj_abc123.${DOMAIN}`],
    [`proj_abc123.${DOMAIN}, proj_other.${DOMAIN}`],
    [`proj_abc123.${DOMAIN} proj_other.${DOMAIN}`],
    [`proj_abc%31.${DOMAIN}`],
    [`chat%2Fv1.proj_abc123.${DOMAIN}`],
    [`../chat.proj_abc123.${DOMAIN}`],
    [`a/b.proj_abc123.${DOMAIN}`],
    [`a\\b.proj_abc123.${DOMAIN}`],
    [`ch\u0000at.proj_abc123.${DOMAIN}`],
    [`chät.proj_abc123.${DOMAIN}`],
    [`proj_\u212abc.${DOMAIN}`],
    [`proj_${'a'.repeat(59)}.${DOMAIN}`],
    [`${'a'.repeat(64)}.proj_abc123.${DOMAIN}`],
    [`${'a.'.repeat(200)}proj_abc123.${DOMAIN}`],
  ])('returns the URL unchanged for the host %j', (host) => {
    expect(byPath(host)).toBe('/v1/models');
  });

  it('copies only letters, digits, hyphens and underscores of a host to the path', () => {
    const part = fc.oneof(
      fc.constantFrom(
        '.',
        ':',
        '@',
        '/',
        '%2f',
        '..',
        'proj_',
        DOMAIN,
        `proj_abc.${DOMAIN}`,
        ' ',
        ',',
        '\r\n',
        '#',
        '?',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
      fc.stringMatching(/^[A-Za-z0-9.-]{0,8}$/),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        expect(byPath(parts.join(''))).toMatch(/^(?:\/proj_[A-Z0-9_-]{1,58}(?:\/[a-z0-9_-]{1,63})?)?\/v1\/models$/);
      }),
      { numRuns: 2_000 },
    );
  });
});
