import fc from 'fast-check';
import { createSecretKey } from 'node:crypto';
import { newDataKey, open, seal, UnsealError } from './seal.ts';

const key = newDataKey();
const context = fc.array(fc.string(), { maxLength: 4 });
const content = fc.uint8Array({ maxLength: 300 });

describe('seal', () => {
  it('round-trips bytes with the same context', () => {
    fc.assert(
      fc.property(content, context, (bytes, at) => {
        expect(Buffer.compare(open(key, seal(key, bytes, at), at), bytes)).toBe(0);
      }),
    );
  });

  it('accepts the key as a KeyObject', () => {
    expect(open(key, seal(createSecretKey(key), 'x', ['a']), ['a']).toString()).toBe('x');
  });

  it('never repeats a nonce', () => {
    const sealed = Array.from({ length: 2_000 }, () => seal(key, 'x', ['a']).subarray(1, 13).toString('hex'));
    expect(new Set(sealed).size).toBe(2_000);
  });

  it('encodes text as UTF-8, including an empty one', () => {
    for (const text of ['', 'é😀 text']) expect(open(key, seal(key, text, ['a']), ['a']).toString()).toBe(text);
  });

  it('does not open with another context', () => {
    fc.assert(
      fc.property(content, context, context, (bytes, at, elsewhere) => {
        fc.pre(JSON.stringify(at) !== JSON.stringify(elsewhere));
        expect(() => open(key, seal(key, bytes, at), elsewhere)).toThrow(UnsealError);
      }),
    );
  });

  it('distinguishes contexts that would be equal when joined', () => {
    const sealed = seal(key, 'x', ['a', 'b-c']);
    for (const at of [['a-b', 'c'], ['a', 'b', 'c'], ['a'], ['a', 'b-c', ''], []]) {
      expect(() => open(key, sealed, at)).toThrow(UnsealError);
    }
  });

  it('does not open with any bit flipped', () => {
    fc.assert(
      fc.property(content, fc.nat(), (bytes, at) => {
        const sealed = seal(key, bytes, ['a']);
        const bit = at % (sealed.length * 8);
        sealed[bit >> 3] = (sealed[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(() => open(key, sealed, ['a'])).toThrow(UnsealError);
      }),
    );
  });

  it('does not open when truncated, extended or replaced', () => {
    const sealed = seal(key, 'some content', ['a']);
    const changed = [...Array(sealed.length).keys()].map((length) => sealed.subarray(0, length));
    for (const bytes of [
      ...changed,
      Buffer.concat([sealed, Buffer.from('x')]),
      Buffer.from('some content'.repeat(9)),
    ]) {
      expect(() => open(key, bytes, ['a'])).toThrow(UnsealError);
    }
  });

  it('does not open with another key', () => {
    expect(() => open(newDataKey(), seal(key, 'x', ['a']), ['a'])).toThrow(UnsealError);
  });

  it('hides the content, and differs each time', () => {
    const [one, two] = [seal(key, 'a secret sentence', ['a']), seal(key, 'a secret sentence', ['a'])];
    expect(one.includes('secret')).toBe(false);
    expect(one.equals(two)).toBe(false);
  });
});
