import fc from 'fast-check';
import { decodeScore, decodeVector, encodeScore, encodeVector } from './embedding-frames.ts';

describe('encodeVector, decodeVector', () => {
  it('encodes little-endian float32', () => {
    expect(Buffer.from(encodeVector(Float32Array.of(1, -2))).toString('hex')).toBe('0000803f000000c0');
  });

  it('decodes what was encoded, at any offset of a message', () => {
    fc.assert(
      fc.property(fc.float32Array(), fc.nat(7), (vector, offset) => {
        const message = Buffer.concat([Buffer.alloc(offset), encodeVector(vector)]);
        expect(decodeVector(message.subarray(offset))).toEqual(vector);
      }),
    );
  });

  it('rejects a truncated vector', () => {
    expect(() => decodeVector(encodeVector(Float32Array.of(1)).subarray(1))).toThrow(RangeError);
  });
});

describe('encodeScore, decodeScore', () => {
  it('decodes what was encoded', () => {
    fc.assert(fc.property(fc.double(), (score) => expect(decodeScore(encodeScore(score))).toBe(score)));
  });

  it('rejects a frame that is not exactly one score', () => {
    expect(() => decodeScore(new Uint8Array(4))).toThrow(RangeError);
    expect(() => decodeScore(new Uint8Array(16))).toThrow(RangeError);
  });
});
