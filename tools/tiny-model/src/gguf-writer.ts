/**
 * Writes GGUF version 3: a header, key-value metadata, tensor descriptions, and aligned tensor data, little-endian.
 * Only the features of a small model file: four scalar types, arrays of them, and 32-bit float tensors.
 */
const MAGIC = 0x46554747;
const VERSION = 3;
const ALIGNMENT = 32;
const TENSOR_TYPE_F32 = 0;

const typeCodes = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8 } as const;
const ARRAY_TYPE_CODE = 9;
type ScalarType = keyof typeof typeCodes;
type Scalar = string | number | boolean;

export interface MetadataEntry {
  readonly key: string;
  readonly type: ScalarType;
  /** An array is written as an array of `type`. */
  readonly value: Scalar | readonly Scalar[];
}

export interface Tensor {
  readonly name: string;
  /** Fastest-varying dimension first, as in GGUF: a matrix from `a` inputs to `b` outputs is [a, b]. */
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export function encodeGguf(metadata: readonly MetadataEntry[], tensors: readonly Tensor[]): Buffer {
  const header = new ByteWriter();
  header.uint32(MAGIC);
  header.uint32(VERSION);
  header.uint64(tensors.length);
  header.uint64(metadata.length);
  for (const entry of metadata) writeEntry(header, entry);

  let offset = 0;
  for (const tensor of tensors) {
    header.string(tensor.name);
    header.uint32(tensor.shape.length);
    for (const size of tensor.shape) header.uint64(size);
    header.uint32(TENSOR_TYPE_F32);
    header.uint64(offset);
    offset += aligned(tensor.data.byteLength);
  }

  const head = header.bytes();
  const file = Buffer.alloc(aligned(head.length) + offset);
  head.copy(file);
  let position = aligned(head.length);
  for (const tensor of tensors) {
    // Typed arrays have the byte order of the machine; all machines that llama.cpp supports have GGUF's.
    Buffer.from(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength).copy(file, position);
    position += aligned(tensor.data.byteLength);
  }
  return file;
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

function writeEntry(out: ByteWriter, entry: MetadataEntry): void {
  out.string(entry.key);
  if (typeof entry.value === 'object') {
    out.uint32(ARRAY_TYPE_CODE);
    out.uint32(typeCodes[entry.type]);
    out.uint64(entry.value.length);
    for (const item of entry.value) out.scalar(entry.type, item);
  } else {
    out.uint32(typeCodes[entry.type]);
    out.scalar(entry.type, entry.value);
  }
}

class ByteWriter {
  readonly #parts: Buffer[] = [];

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  uint32(value: number): void {
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value);
    this.#parts.push(part);
  }

  uint64(value: number): void {
    const part = Buffer.alloc(8);
    part.writeBigUInt64LE(BigInt(value));
    this.#parts.push(part);
  }

  string(value: string): void {
    const part = Buffer.from(value, 'utf8');
    this.uint64(part.length);
    this.#parts.push(part);
  }

  scalar(type: ScalarType, value: Scalar): void {
    if (type === 'string') {
      this.string(String(value));
      return;
    }
    const part = Buffer.alloc(type === 'bool' ? 1 : 4);
    if (type === 'bool') part.writeUInt8(value === true ? 1 : 0);
    else if (type === 'float32') part.writeFloatLE(Number(value));
    else if (type === 'int32') part.writeInt32LE(Number(value));
    else part.writeUInt32LE(Number(value));
    this.#parts.push(part);
  }
}
