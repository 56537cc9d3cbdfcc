import { AppError } from '@xerotier/errors';
import { parseJsonBody } from './json-body.ts';

function failure(body: Buffer | string): AppError {
  try {
    parseJsonBody(Buffer.from(body));
  } catch (error) {
    return error as AppError;
  }
  throw new Error('Expected an error');
}

describe('parseJsonBody', () => {
  it.each([['{"a":[1]}'], ['[]'], ['0'], ['"é😀"'], [' null ']])('parses %s', (text) => {
    expect(parseJsonBody(Buffer.from(text))).toEqual(JSON.parse(text));
  });

  it('keeps all digits of an integer in a top-level field', () => {
    const read = (text: string): unknown => parseJsonBody(Buffer.from(text));
    expect(read('{"a": 9223372036854775807, "b": -9007199254740993, "c": 7}')).toEqual({
      a: 9_223_372_036_854_775_807n,
      b: -9_007_199_254_740_993n,
      c: 7,
    });
    expect(read('{"a": 12345678901234567890, "a": 5}')).toEqual({ a: 5 });
  });

  it.each([
    '{"a": 9007199254740991, "b": 1234567890123456.5, "c": 1e30}',
    '{"a": {"b": 9223372036854775807}, "c": [9223372036854775807]}',
    '[9223372036854775807]',
    '9223372036854775807',
    '{"a": "\\"b\\": 9223372036854775807"}',
    '{"__proto__": 1, "a": ": 9223372036854775807"}',
  ])('parses other numbers like JSON.parse: %s', (text) => {
    expect(parseJsonBody(Buffer.from(text))).toEqual(JSON.parse(text));
  });

  it('rounds an integer that exceeds 64 bits, as JSON.parse does', () => {
    expect(parseJsonBody(Buffer.from('{"seed":123456789012345678901}'))).toEqual({ seed: 123456789012345680000 });
    expect(parseJsonBody(Buffer.from(`{"seed":${'9'.repeat(1_000_000)}}`))).toEqual({ seed: Infinity });
  });

  it('accepts 64 levels and rejects 65', () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    expect(parseJsonBody(Buffer.from(nested(64)))).toBeInstanceOf(Array);
    expect(failure(nested(65))).toMatchObject({
      code: 'request.invalid',
      message: expect.stringContaining('64 levels'),
    });
  });

  it('rejects a million levels without overflowing the stack', () => {
    expect(failure('['.repeat(1_000_000)).code).toBe('request.invalid');
    expect(failure('{"a":'.repeat(1_000_000)).code).toBe('request.invalid');
  });

  it('accepts 100,000 objects, arrays and keys, and rejects one more, in any form', () => {
    const objects = (count: number): string => `[${'{},'.repeat(count - 2)}{}]`;
    const names = (count: number): string =>
      `{${Array.from({ length: count - 1 }, (_, i) => `"${i.toString(36)}":0`).join(',')}}`;
    const sameName = (count: number): string => `{${'"a":0,'.repeat(count - 2)}"a":0}`;
    for (const text of [objects, names, sameName]) {
      expect(parseJsonBody(Buffer.from(text(100_000)))).toBeInstanceOf(Object);
      expect(failure(text(100_001))).toMatchObject({
        code: 'request.invalid',
        message: expect.stringContaining('100000'),
      });
    }
  });

  it('accepts long arrays of numbers and long strings', () => {
    expect(parseJsonBody(Buffer.from(`[${'0,'.repeat(500_000)}0]`))).toHaveLength(500_001);
    expect(parseJsonBody(Buffer.from(JSON.stringify('{[:'.repeat(500_000))))).toHaveLength(1_500_000);
  });

  it.each<[string, readonly number[]]>([
    ['an invalid first byte', [0xff]],
    ['a truncated character', [0xe2, 0x82]],
    ['a lone surrogate', [0xed, 0xa0, 0x80]],
    ['an overlong encoding', [0xc0, 0xaf]],
    ['a character beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
    ['Latin-1', [0xe9]],
  ])('rejects what is not UTF-8: %s', (_, bytes) => {
    const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]);
    expect(failure(body)).toMatchObject({ code: 'request.unreadable_json', message: expect.stringContaining('UTF-8') });
  });

  it('rejects UTF-16 and a byte order mark', () => {
    expect(failure(Buffer.from('{"a":1}', 'utf16le')).code).toBe('request.unreadable_json');
    expect(failure('\ufeff{}').code).toBe('request.unreadable_json');
  });

  it('uses the last of duplicate keys', () => {
    expect(parseJsonBody(Buffer.from('{"a":1,"b":2,"a":3,"\\u0061":4}'))).toEqual({ a: 4, b: 2 });
  });

  it('describes a syntax error briefly', () => {
    expect(failure('{"a":1,}')).toMatchObject({ code: 'request.unreadable_json', status: 400 });
    expect(failure(`{"a":${'x'.repeat(10_000)}}`).message.length).toBeLessThan(300);
  });

  it('ignores the meaning of a key called __proto__', () => {
    const body = parseJsonBody(
      Buffer.from('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
    );
    expect((body as { polluted?: boolean }).polluted).toBeUndefined();
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
