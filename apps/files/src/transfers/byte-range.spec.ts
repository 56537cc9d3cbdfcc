import { byteRangeOf } from './byte-range.ts';

describe('byteRangeOf', () => {
  it.each([
    [undefined, 100, undefined],
    ['bytes=0-', 100, [0, 100]],
    ['bytes=0-0', 100, [0, 1]],
    ['bytes=50-1000', 100, [50, 100]],
    ['bytes=-10', 100, [90, 100]],
    ['bytes=-1000', 100, [0, 100]],
    ['BYTES=1-2', 100, [1, 3]],
    ['bytes=0-1,3-4', 100, undefined],
    ['bytes=0-1,500-', 100, [0, 2]],
    ['bytes=5-1', 100, undefined],
    ['bytes=-', 100, undefined],
    ['bytes=a-b', 100, undefined],
    ['bytes', 100, undefined],
    ['rows=0-1', 100, undefined],
    ['bytes=-5', 0, undefined],
  ] as const)('of %j and %i bytes is %j', (header, bytes, expected) => {
    expect(byteRangeOf(header, bytes)).toEqual(expected && { start: expected[0], end: expected[1] });
  });

  it.each([
    ['bytes=100-', 100],
    ['bytes=200-300', 100],
    ['bytes=-0', 100],
    ['bytes=0-', 0],
  ])('rejects %j of %i bytes', (header, bytes) => {
    expect(() => byteRangeOf(header, bytes)).toThrow(`not within the ${bytes} bytes`);
  });
});
