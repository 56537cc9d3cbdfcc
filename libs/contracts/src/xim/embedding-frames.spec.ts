import fc from 'fast-check';
import { decodeScore, decodeVector, encodeScore, encodeVector } from './embedding-frames.ts';

describe('the frames of vectors', () => {
  it('are little-endian float32', () => {
    expect(Buffer.from(encodeVector(Float32Array.of(1, -2))).toString('hex')).toBe('0000803f000000c0');
  });

  it('come back as they were, wherever in a message they lie', () => {
    fc.assert(
      fc.property(fc.float32Array(), fc.nat(7), (vector, offset) => {
        const message = Buffer.concat([Buffer.alloc(offset), encodeVector(vector)]);
        expect(decodeVector(message.subarray(offset))).toEqual(vector);
      }),
    );
  });

  it('that are cut off are no vectors', () => {
    expect(() => decodeVector(encodeVector(Float32Array.of(1)).subarray(1))).toThrow(RangeError);
  });
});

describe('the frames of scores', () => {
  it('come back as they were', () => {
    fc.assert(fc.property(fc.double(), (score) => expect(decodeScore(encodeScore(score))).toBe(score)));
  });

  it('that hold more or less than one are none', () => {
    expect(() => decodeScore(new Uint8Array(4))).toThrow(RangeError);
    expect(() => decodeScore(new Uint8Array(16))).toThrow(RangeError);
  });
});
