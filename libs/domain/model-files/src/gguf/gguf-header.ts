/** The header of a GGUF file, of version 2 or 3: what loaders trust when they map the tensors of the file into memory. */
import type { ModelFile } from '../files/model-file.ts';
import { ensureModel } from '../files/rejection.ts';
import { FileCursor } from './file-cursor.ts';
import { readMetadata } from './gguf-metadata.ts';
import type { GgufValue } from './gguf-metadata.ts';
import { checkTensorLayout, readTensors } from './gguf-tensors.ts';

/** "GGUF", as a little-endian number. */
const MAGIC = 0x46554747;
const VERSIONS: ReadonlySet<number> = new Set([2, 3]);
/** With the vocabulary, which is the largest part: real ones have up to 20 MB. */
const HEADER_BYTES_MAX = 256 * 1_024 * 1_024;
const ALIGNMENT_DEFAULT = 32;
const ALIGNMENT_MAX = 65_536;

export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly names: ReadonlySet<string>;
  /** Elements by type. */
  readonly elements: ReadonlyMap<string, number>;
  /** Of all tensors. */
  readonly bytes: number;
}

/** @throws {ModelRejection} */
export async function readGgufHeader(file: ModelFile): Promise<GgufHeader> {
  const cursor = new FileCursor(file, HEADER_BYTES_MAX);
  ensureModel((await cursor.u32()) === MAGIC, 'it does not begin as a GGUF file');
  const version = await cursor.u32();
  ensureModel(VERSIONS.has(version), 'its version of GGUF is neither 2 nor 3, or its numbers are big-endian');
  const tensorCount = await cursor.size();
  const metadata = await readMetadata(cursor, await cursor.size());
  const tensors = await readTensors(cursor, tensorCount);

  const alignment = alignmentOf(metadata);
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  checkTensorLayout(tensors, file.size - dataStart, alignment);
  const elements = new Map<string, number>();
  for (const tensor of tensors) elements.set(tensor.type, (elements.get(tensor.type) ?? 0) + tensor.elements);
  const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
  return { metadata, names: new Set(tensors.map(({ name }) => name)), elements, bytes };
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>): number {
  const alignment = metadata.get('general.alignment') ?? ALIGNMENT_DEFAULT;
  ensureModel(
    typeof alignment === 'number' &&
      alignment >= 1 &&
      alignment <= ALIGNMENT_MAX &&
      Number.isInteger(Math.log2(alignment)),
    'general.alignment is not a power of two',
  );
  return alignment;
}
