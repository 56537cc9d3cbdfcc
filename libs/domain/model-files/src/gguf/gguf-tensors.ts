/** The descriptions of the tensors in a GGUF header, and whether their data is where they say. */
import { ensureModel, shown } from '../files/rejection.ts';
import type { FileCursor } from './file-cursor.ts';
import { GGML_TYPES } from './ggml-types.ts';

/** The largest files have some thousand. */
const TENSORS_MAX = 100_000;
/** Limits of ggml, the last one without the byte that ends a text in C. */
const DIMENSIONS_MAX = 4;
const NAME_BYTES_MAX = 63;

export interface GgufTensor {
  readonly name: string;
  readonly type: string;
  readonly elements: number;
  /** From the beginning of the data, not of the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** @throws {ModelRejection} */
export async function readTensors(cursor: FileCursor, count: number): Promise<readonly GgufTensor[]> {
  ensureModel(count <= TENSORS_MAX, `its header has more than ${TENSORS_MAX} tensors`);
  const tensors = new Map<string, GgufTensor>();
  for (let at = 0; at < count; at += 1) {
    const tensor = await readTensor(cursor);
    ensureModel(!tensors.has(tensor.name), () => `the tensor ${shown(tensor.name)} occurs twice`);
    tensors.set(tensor.name, tensor);
  }
  return [...tensors.values()];
}

async function readTensor(cursor: FileCursor): Promise<GgufTensor> {
  const length = await cursor.size();
  ensureModel(
    length > 0 && length <= NAME_BYTES_MAX,
    `the name of a tensor has no, or more than ${NAME_BYTES_MAX} bytes`,
  );
  const name = await cursor.text(length);
  const dimensions = await cursor.u32();
  ensureModel(
    dimensions >= 1 && dimensions <= DIMENSIONS_MAX,
    () => `the tensor ${shown(name)} has no, or more than ${DIMENSIONS_MAX} dimensions`,
  );
  const shape: number[] = [];
  for (let at = 0; at < dimensions; at += 1) shape.push(await cursor.size());
  const elements = shape.reduce((product, size) => product * size, 1);
  ensureModel(
    elements > 0 && Number.isSafeInteger(elements),
    () => `the tensor ${shown(name)} is empty, or its shape is too large`,
  );

  const typeId = await cursor.u32();
  const type = GGML_TYPES.get(typeId);
  ensureModel(type !== undefined, () => `the tensor ${shown(name)} has the unknown type ${typeId}`);
  ensureModel(
    (shape[0] as number) % type.blockElements === 0,
    () => `the rows of the tensor ${shown(name)} are not whole blocks of ${type.name}`,
  );
  const bytes = (elements / type.blockElements) * type.blockBytes;
  ensureModel(Number.isSafeInteger(bytes), () => `the tensor ${shown(name)} is too large`);
  return { name, type: type.name, elements, offset: await cursor.size(), bytes };
}

/** @param dataBytes what the file has after its header. @throws {ModelRejection} */
export function checkTensorLayout(tensors: readonly GgufTensor[], dataBytes: number, alignment: number): void {
  let end = 0;
  for (const { name, offset, bytes } of tensors.toSorted((a, b) => a.offset - b.offset)) {
    ensureModel(offset % alignment === 0, () => `the tensor ${shown(name)} is not aligned to ${alignment} bytes`);
    ensureModel(offset >= end, () => `the tensor ${shown(name)} overlaps another one`);
    end = offset + bytes;
    ensureModel(end <= dataBytes, () => `the tensor ${shown(name)} ends behind the end of the file`);
  }
}
