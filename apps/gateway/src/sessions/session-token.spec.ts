import { hashOfToken, newSessionToken, removedSessionCookie, sessionCookie, sessionTokenIn } from './session-token.ts';

const token = newSessionToken();

describe('the token of a session', () => {
  it('has 256 random bits', () => {
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(newSessionToken()).not.toBe(token);
  });

  it('is hashed with SHA-256', () => {
    expect(hashOfToken('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  // Names without the token, which is another one in each run: Stryker knows tests by their names.
  it.each([
    ['alone', `__Host-session=${token}`],
    ['among others', `a=b; __Host-session=${token}; c=d`],
    ['with other white space', `a=b;__Host-session=${token} `],
  ])('is found in its cookie %s', (_, header) => {
    expect(sessionTokenIn(header)).toBe(token);
  });

  it.each([
    ['no header', undefined],
    ['an empty header', ''],
    ['another cookie', 'a=b'],
    ['a cookie without the prefix', `session=${token}`],
    ['a cookie with another prefix', `x__Host-session=${token}`],
    ['a longer value', `__Host-session=${token}x`],
    ['an empty value', '__Host-session='],
  ])('is not found in %s', (_, header) => {
    expect(sessionTokenIn(header)).toBeUndefined();
  });
});

describe('the cookie of a session', () => {
  it('belongs to this host, and is not readable by scripts', () => {
    const cookie = sessionCookie(token, Date.now() + 60_500);
    expect(cookie).toBe(`__Host-session=${token}; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Lax`);
  });

  it('is removed with the same attributes', () => {
    expect(removedSessionCookie).toBe('__Host-session=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax');
  });
});
