import fc from 'fast-check';
import { parseTarget } from './target-url.ts';
import type { TargetRules } from './target-url.ts';

const rules: TargetRules = { schemes: ['https', 'http'], ports: [80, 443, 8443], internalNames: false };
const base = new URL('https://example.com/a/b?c');
const withCode = (code: string): Error => expect.objectContaining({ code }) as Error;
const notAllowed = withCode('egress.url_not_allowed');

describe('parseTarget', () => {
  it.each([
    ['https://example.com', 'https://example.com/', 'example.com'],
    ['HTTP://EXAMPLE.com/A?b=%20#c', 'http://example.com/A?b=%20#c', 'example.com'],
    ['https://example.com:443/', 'https://example.com/', 'example.com'],
    ['https://example.com:8443/a b', 'https://example.com:8443/a%20b', 'example.com'],
    ['http://example.com:443', 'http://example.com:443/', 'example.com'],
    ['https://bücher.example/', 'https://xn--bcher-kva.example/', 'xn--bcher-kva.example'],
    ['https://xn--bcher-kva.example/', 'https://xn--bcher-kva.example/', 'xn--bcher-kva.example'],
    ['https://a_b.example.com?x=@y', 'https://a_b.example.com/?x=@y', 'a_b.example.com'],
    ['https://8.8.8.8/', 'https://8.8.8.8/', '8.8.8.8'],
    ['https://[2606:4700:4700::1111]:8443/', 'https://[2606:4700:4700::1111]:8443/', '2606:4700:4700::1111'],
    ['https://example.com/a/../../b?u=http://127.0.0.1/', 'https://example.com/b?u=http://127.0.0.1/', 'example.com'],
  ])('accepts %s', (text, href, host) => {
    const target = parseTarget(text, rules);
    expect([target.url.href, target.host]).toEqual([href, host]);
  });

  it.each([
    ['/x', 'https://example.com/x'],
    ['x', 'https://example.com/a/x'],
    ['?y', 'https://example.com/a/b?y'],
    ['//example.org/z', 'https://example.org/z'],
    ['http://example.org/', 'http://example.org/'],
    ['https:x', 'https://example.com/a/x'],
  ])('accepts the redirect to %s', (location, href) => {
    expect(parseTarget(location, rules, base).url.href).toBe(href);
  });

  it.each([
    ['/x', 'a relative URL', /valid absolute/],
    ['', 'nothing', /valid absolute/],
    ['ftp://example.com/', 'another scheme', /https:\/\/ or http:\/\//],
    ['file:///etc/passwd', 'a file', /https:\/\//],
    ['data:text/plain,x', 'data', /https:\/\//],
    ['javascript:alert(1)', 'a script', /https:\/\//],
    ['gopher://127.0.0.1:70/_', 'gopher', /https:\/\//],
    ['https://user@example.com/', 'a user name', /user name/],
    ['https://user:secret@example.com/', 'a password', /password/],
    ['https://@example.com/', 'an empty user name', /usual form/],
    ['https://example.com:22/', 'port 22', /port/],
    ['https://example.com:0/', 'port 0', /port/],
    ['https://example.com:/', 'an empty port', /usual form/],
    ['https://example.com:00443/', 'a port with zeros', /usual form/],
    ['https://example.com./', 'a dot at the end of the host', /ends with a dot/],
    ['https://example%2ecom/', 'a percent encoding', /usual form/],
    ['https://example。com/', 'an ideographic full stop', /usual form/],
    ['https://ｅxample.com/', 'a full-width letter', /usual form/],
    ['https://exam\u00adple.com/', 'a soft hyphen', /usual form/],
    ['https:example.com', 'no slashes', /usual form/],
    ['https:/example.com', 'one slash', /usual form/],
    ['https:///example.com', 'three slashes', /usual form/],
    ['https:\\\\example.com', 'backslashes', /backslash/],
    ['https://example.com\\@example.org/', 'a backslash before an at sign', /backslash/],
    ['https://exa\tmple.com/', 'a tab', /control character/],
    ['https://example.com/\r\nX: y', 'a line break', /control character/],
    ['https://example.com/\u0000', 'a zero byte', /control character/],
    [' https://example.com/', 'a space before', /white space/],
    ['https://example.com/ ', 'a space after', /white space/],
    [`https://example.com/${'a'.repeat(8_192)}`, 'a long path', /longer than 8192/],
  ])('rejects %j: %s', (text, _what, reason) => {
    expect(() => parseTarget(text, rules)).toThrow(notAllowed);
    expect(() => parseTarget(text, rules)).toThrow(reason);
  });

  it.each([
    'ftp://example.com/',
    '/\\example.org/',
    '//user@example.org/',
    '//example.org:22/',
    'http:/x',
    '///example.org/',
  ])('rejects the redirect to %s', (location) => {
    if (location === 'https:x') return void expect(parseTarget(location, rules, base).url.host).toBe('example.com');
    expect(() => parseTarget(location, rules, base)).toThrow(notAllowed);
  });

  it.each([
    'localhost',
    'LOCALHOST',
    'a.localhost',
    'redis',
    'metadata.google.internal',
    'printer.local',
    'x.svc.cluster.local',
    'nas.home.arpa',
  ])('rejects the internal name %s unless the operator has allowed internal addresses', (name) => {
    expect(() => parseTarget(`https://${name}/`, rules)).toThrow(withCode('egress.address_not_allowed'));
    expect(parseTarget(`https://${name}/`, { ...rules, internalNames: true }).host).toBe(name.toLowerCase());
  });

  it('accepts only the schemes of the caller', () => {
    expect(() => parseTarget('http://example.com/', { ...rules, schemes: ['https'] })).toThrow(
      /must begin with https:\/\//,
    );
  });

  it('throws nothing but AppErrors, and never mentions the URL', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.webUrl(),
          fc.string(),
          fc.string().map((text) => `https://${text}`),
        ),
        (text) => {
          try {
            parseTarget(text, rules);
          } catch (error) {
            expect(error).toMatchObject({ code: expect.stringMatching(/^egress\./) });
            if (text.length > 20) expect((error as Error).message).not.toContain(text);
          }
        },
      ),
    );
  });
});
