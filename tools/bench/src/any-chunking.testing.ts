import fc from 'fast-check';

/** Splits the same bytes into chunks of any size, but never into empty ones. For property tests. */
export function anyChunking(bytes: Buffer): fc.Arbitrary<Buffer[]> {
  return fc.uniqueArray(fc.integer({ min: 1, max: Math.max(1, bytes.length - 1) }), { maxLength: 60 }).map((cuts) => {
    const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
    return edges.slice(1).map((end, index) => Buffer.from(bytes.subarray(edges[index], end)));
  });
}

export function singleBytes(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (byte) => Buffer.from([byte]));
}
