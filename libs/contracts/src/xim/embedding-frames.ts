/** Encoding of the data frames of `embed` and `rank`: always little-endian, independent of the platform. */

/** Encodes consecutive float32 values. Their base64 is the base64 embedding of the public API. */
export function encodeVector(vector: Float32Array): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(4 * vector.length));
  vector.forEach((value, i) => bytes.setFloat32(4 * i, value, true));
  return new Uint8Array(bytes.buffer);
}

/** @throws {RangeError} if the length is not a multiple of 4 bytes. */
export function decodeVector({ buffer, byteOffset, byteLength }: Uint8Array): Float32Array {
  if (byteLength % 4 !== 0) throw new RangeError(`invalid vector of ${byteLength} bytes`);
  const bytes = new DataView(buffer, byteOffset, byteLength);
  return Float32Array.from({ length: byteLength / 4 }, (_, i) => bytes.getFloat32(4 * i, true));
}

/** Encodes one float64. */
export function encodeScore(score: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setFloat64(0, score, true);
  return new Uint8Array(bytes.buffer);
}

/** @throws {RangeError} if the length is not 8 bytes. */
export function decodeScore({ buffer, byteOffset, byteLength }: Uint8Array): number {
  if (byteLength !== 8) throw new RangeError(`invalid score of ${byteLength} bytes`);
  return new DataView(buffer, byteOffset, byteLength).getFloat64(0, true);
}
