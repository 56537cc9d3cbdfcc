import { Secret } from 'otpauth';
import { newRecoveryCode, recoveryCodeHash } from './recovery-codes.ts';
import { newTotpSecret, stepOfCode, totpUri } from './totp-codes.ts';

/** The secret and codes of RFC 6238, appendix B, of which the last six digits are used. */
const SECRET = Secret.fromLatin1('12345678901234567890').base32;
const VECTORS = [
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
] as const;

describe('a TOTP', () => {
  it.each(VECTORS)('of the RFC at %d seconds is valid', (seconds, code) => {
    expect(stepOfCode(SECRET, code, seconds * 1_000)).toBe(Math.floor(seconds / 30));
  });

  it('is valid one step early and late, and has the same step', () => {
    const at = 1_111_111_110_000;
    const step = at / 30_000;
    for (const offset of [-30, 0, 30]) expect(stepOfCode(SECRET, '050471', at + offset * 1_000)).toBe(step);
    for (const offset of [-31, 60]) expect(stepOfCode(SECRET, '050471', at + offset * 1_000)).toBeUndefined();
  });

  it('may be typed with spaces', () => {
    expect(stepOfCode(SECRET, ' 287 082 ', 59_000)).toBe(1);
  });

  it.each(['', '28708', '2870820', '28708a', '٢٨٧٠٨٢', '287083'])('%p is not valid', (code) => {
    expect(stepOfCode(SECRET, code, 59_000)).toBeUndefined();
  });

  it('has a new secret of 160 bits, in a URI for authenticator apps', () => {
    const secret = newTotpSecret();
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(newTotpSecret()).not.toBe(secret);
    const uri = new URL(totpUri(secret, 'ada@example.com'));
    expect([uri.protocol, uri.host, decodeURIComponent(uri.pathname)]).toEqual([
      'otpauth:',
      'totp',
      '/Xerotier:ada@example.com',
    ]);
    expect(Object.fromEntries(uri.searchParams)).toEqual({
      ...{ secret, issuer: 'Xerotier', algorithm: 'SHA1', digits: '6', period: '30' },
    });
  });
});

describe('a recovery code', () => {
  it('has 80 random bits', () => {
    const codes = Array.from({ length: 100 }, newRecoveryCode);
    for (const code of codes) expect(code).toMatch(/^(?:[a-z2-7]{4}-){3}[a-z2-7]{4}$/);
    expect(new Set(codes).size).toBe(100);
  });

  it('has the same hash however it is typed, and another one for another account', () => {
    const code = newRecoveryCode();
    const stored = recoveryCodeHash('user_1', code);
    for (const typed of [code.toUpperCase(), code.replaceAll('-', ''), ` ${code.replaceAll('-', ' ')}\n`])
      expect(recoveryCodeHash('user_1', typed)).toEqual(stored);
    expect(recoveryCodeHash('user_2', code)).not.toEqual(stored);
  });
});
