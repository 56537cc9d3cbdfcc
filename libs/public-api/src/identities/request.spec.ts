import { returnTo } from './request.ts';

describe('return_to', () => {
  it.each(['/', '/projects', '/a/b?c=d&e=%2F%2Fx#f', '/a//b', '/./', '/@evil.test', '/:80'])('may be %p', (path) => {
    expect(returnTo.parse(path)).toBe(path);
    expect(new URL(path, 'https://own.test').origin).toBe('https://own.test');
  });

  it.each([
    ...['', 'projects', '//evil.test', '/\\evil.test', '\\\\evil.test', '/a\\b', 'https://evil.test', '/ /evil.test'],
    ...['/\t/evil.test', '/\n/evil.test', '/a\r\nset-cookie: x', '/é', 'javascript:alert(1)', `/${'a'.repeat(1_024)}`],
  ])('may not be %p', (path) => {
    expect(returnTo.safeParse(path).success).toBe(false);
  });

  it('is the root by default', () => {
    expect(returnTo.parse(undefined)).toBe('/');
  });
});
