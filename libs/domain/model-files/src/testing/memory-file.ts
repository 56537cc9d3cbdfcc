import type { ModelFile } from '../files/model-file.ts';

/** A file in memory, which counts the bytes that are read of it. */
export function memoryFile(
  name: string,
  content: Uint8Array | string,
): ModelFile & { readonly bytesRead: () => number } {
  const bytes = Buffer.from(content);
  let read = 0;
  return {
    name,
    size: bytes.length,
    async *read({ start, end }) {
      // Two pieces, as a store may return them.
      const middle = start + Math.floor((end - start) / 2);
      read += end - start;
      yield bytes.subarray(start, middle);
      yield bytes.subarray(middle, end);
    },
    bytesRead: () => read,
  };
}
