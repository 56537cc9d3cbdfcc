import fc from 'fast-check';
import { segmentRanges } from './segments.ts';

const bytesOf = (count: number): Buffer => Buffer.from(Array.from({ length: count }, (_, at) => (at * 7 + 3) % 256));

/** Cuts content into pieces of these lengths; the last one has the rest. */
function cut(content: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(content.subarray(at, at + length));
    at = Math.min(content.length, at + length);
  }
  return [...pieces, content.subarray(at)];
}

const lengths = fc.array(fc.nat(40), { maxLength: 12 });

describe('segmentRanges', () => {
  it('gives back exactly the files of a manifest, however they were cut into parts', () => {
    fc.assert(
      fc.property(fc.nat(300), lengths, lengths, (size, partLengths, fileLengths) => {
        const content = bytesOf(size);
        const parts = cut(content, partLengths).map((data) => ({ data, bytes: data.length }));
        let start = 0;
        for (const file of cut(content, fileLengths)) {
          const range = { start, end: start + file.length };
          const read = [...segmentRanges(parts, range)].map(({ segment, range: of }) =>
            segment.data.subarray(of.start, of.end),
          );
          expect(Buffer.concat(read).equals(file)).toBe(true);
          start = range.end;
        }
      }),
    );
  });

  it('has no ranges without bytes, and everything by default', () => {
    const segments = [{ bytes: 0 }, { bytes: 3 }, { bytes: 0 }, { bytes: 2 }];
    expect([...segmentRanges(segments)].map(({ range }) => range)).toEqual([
      { start: 0, end: 3 },
      { start: 0, end: 2 },
    ]);
    for (const range of [
      { start: 3, end: 3 },
      { start: 5, end: 9 },
    ])
      expect([...segmentRanges(segments, range)]).toEqual([]);
  });
});
