/** Writes GGUF files, also wrong ones. */

/** Bytes of the file, or a number of 32 bits. */
export type Part = Buffer | number;

export interface GgufPair {
  readonly key: string;
  readonly type: number;
  readonly value: readonly Part[];
}

export interface GgufTensorBytes {
  readonly name: string;
  readonly shape: readonly (number | bigint)[];
  readonly type?: number;
  readonly offset: number | bigint;
}

export interface GgufBytes {
  readonly magic?: string;
  readonly version?: number;
  readonly pairs?: readonly GgufPair[];
  readonly tensors?: readonly GgufTensorBytes[];
  readonly pairCount?: bigint;
  readonly tensorCount?: bigint;
  readonly dataBytes?: number;
  readonly alignment?: number;
}

export function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

export const aText = (key: string, value: string): GgufPair => ({ key, type: 8, value: [text(value)] });
export const aNumber = (key: string, value: number): GgufPair => ({ key, type: 4, value: [u32(value)] });
export const aList = (key: string, type: number, count: number | bigint, ...items: Part[]): GgufPair => ({
  key,
  type: 9,
  value: [type, u64(count), ...items],
});

export const ARCHITECTURE = aText('general.architecture', 'llama');
export const TENSOR: GgufTensorBytes = { name: 'token_embd.weight', shape: [8, 4], offset: 0 };
const TENSOR_BYTES = 128;

/** By default a valid file with one tensor of 32-bit floats. */
export function ggufBytes({
  magic = 'GGUF',
  version = 3,
  pairs = [ARCHITECTURE],
  tensors = [TENSOR],
  pairCount = BigInt(pairs.length),
  tensorCount = BigInt(tensors.length),
  dataBytes = TENSOR_BYTES,
  alignment = 32,
}: GgufBytes = {}): Buffer {
  const header = Buffer.concat([
    Buffer.from(magic),
    u32(version),
    u64(tensorCount),
    u64(pairCount),
    ...pairs.flatMap(({ key, type, value }) => [text(key), u32(type), ...value.map(bytesOf)]),
    ...tensors.flatMap(({ name, shape, type = 0, offset }) => [
      text(name),
      u32(shape.length),
      ...shape.map(u64),
      u32(type),
      u64(offset),
    ]),
  ]);
  return Buffer.concat([
    header,
    Buffer.alloc((alignment - (header.length % alignment)) % alignment),
    Buffer.alloc(dataBytes),
  ]);
}

function bytesOf(part: Part): Buffer {
  return typeof part === 'number' ? u32(part) : part;
}
