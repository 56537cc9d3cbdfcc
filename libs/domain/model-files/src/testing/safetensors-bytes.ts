/** Writes safetensors files, also wrong ones. */

export const HEADER = {
  __metadata__: { format: 'pt' },
  'a.weight': { dtype: 'BF16', shape: [2, 3], data_offsets: [0, 12] },
  'b.weight': { dtype: 'F32', shape: [1], data_offsets: [12, 16] },
} as const;
export const DATA_BYTES = 16;

/** @param header a text, or what becomes one. */
export function safetensorsBytes(header: unknown = HEADER, dataBytes = DATA_BYTES, length?: number | bigint): Buffer {
  const text = Buffer.isBuffer(header)
    ? header
    : Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(length ?? text.length));
  return Buffer.concat([size, text, Buffer.alloc(dataBytes)]);
}

/** A file with these fields of its only tensor, which has 16 bytes. */
export function oneTensor(fields: Readonly<Record<string, unknown>>, dataBytes = DATA_BYTES): Buffer {
  return safetensorsBytes({ t: { dtype: 'F32', shape: [4], data_offsets: [0, 16], ...fields } }, dataBytes);
}
