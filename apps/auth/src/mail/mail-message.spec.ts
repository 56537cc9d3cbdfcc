import { assertSafeHeaders, quoted } from './mail-message.ts';

describe('quoted', () => {
  it.each([
    ['Demo', '"Demo"'],
    ['a\r\nBcc: eve@example.com', '"a Bcc: eve@example.com"'],
    ['say "hi"', `"say 'hi'"`],
    ['a\u2028b\u202ec', '"a b c"'],
    ['\u{1f600}'.repeat(65), `"${'\u{1f600}'.repeat(64)}…"`],
  ])('makes %j one bounded line', (text, expected) => {
    expect(quoted(text)).toBe(expected);
  });
});

describe('assertSafeHeaders', () => {
  const message = { to: 'ada@example.com', subject: 'Hello', text: '' };

  it('accepts an ordinary message', () => {
    expect(() => assertSafeHeaders(message)).not.toThrow();
  });

  it.each([
    { to: 'ada@example.com, eve@example.com' },
    { to: 'ada@example.com\r\nBcc: eve@example.com' },
    { to: 'Ada <ada@example.com>' },
    { to: '' },
    { subject: 'Hello\r\nBcc: eve@example.com' },
    { subject: 'Hello\nthere' },
  ])('rejects %j', (values) => {
    expect(() => assertSafeHeaders({ ...message, ...values })).toThrow(RangeError);
  });
});
