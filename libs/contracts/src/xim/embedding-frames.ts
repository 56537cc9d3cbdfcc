/** The data frames of `embed` and `rank` as bytes: little-endian, whatever the machines at both ends prefer. */

/** float32 values, one after the other; base64 of it is also what the public API calls a base64 embedding. */
export function encodeVector(vector: Float32Array): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(4 * vector.length));
  vector.forEach((value, i) => bytes.setFloat32(4 * i, value, true));
  return new Uint8Array(bytes.buffer);
}

/** @throws {RangeError} when it is not a whole number of values. */
export function decodeVector({ buffer, byteOffset, byteLength }: Uint8Array): Float32Array {
  if (byteLength % 4 !== 0) throw new RangeError(`a vector has ${byteLength} bytes`);
  const bytes = new DataView(buffer, byteOffset, byteLength);
  return Float32Array.from({ length: byteLength / 4 }, (_, i) => bytes.getFloat32(4 * i, true));
}

/** One float64. */
export function encodeScore(score: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setFloat64(0, score, true);
  return new Uint8Array(bytes.buffer);
}

/** @throws {RangeError} when it is not one value. */
export function decodeScore({ buffer, byteOffset, byteLength }: Uint8Array): number {
  if (byteLength !== 8) throw new RangeError(`a score has ${byteLength} bytes`);
  return new DataView(buffer, byteOffset, byteLength).getFloat64(0, true);
}
