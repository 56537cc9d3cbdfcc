/**
 * The header of a safetensors file: a length, and a JSON object that says where each tensor is. Loaders map the file into memory and
 * trust these offsets, so they must describe the data exactly: no overlap, no gap, nothing behind the end.
 */
import { readRange } from '../files/model-file.ts';
import type { ModelFile } from '../files/model-file.ts';
import { ensureModel, shown } from '../files/rejection.ts';
import { isObject, readJson } from '../json/read-json.ts';
import type { JsonValue } from '../json/read-json.ts';
import { DTYPE_BITS } from './dtypes.ts';

const LENGTH_BYTES = 8;
/** The limit of the format's own library. */
const HEADER_BYTES_MAX = 100_000_000;
/** Ten values per tensor; the largest files have some thousand tensors. */
const LIMITS = { depthMax: 3, partsMax: 2_000_000 };
const DIMENSIONS_MAX = 16;
const OPEN_BRACE = 0x7b;
const METADATA = '__metadata__';
const TENSOR_FIELDS: ReadonlySet<string> = new Set(['dtype', 'shape', 'data_offsets']);

interface Tensor {
  readonly name: string;
  readonly dtype: string;
  readonly elements: number;
  readonly start: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly names: ReadonlySet<string>;
  /** Elements by type. */
  readonly elements: ReadonlyMap<string, number>;
  /** Of all tensors. */
  readonly bytes: number;
}

/** @throws {ModelRejection} */
export async function readSafetensorsHeader(file: ModelFile): Promise<SafetensorsHeader> {
  ensureModel(file.size > LENGTH_BYTES, 'it is too short for a safetensors file');
  const length = (await readRange(file, { start: 0, end: LENGTH_BYTES })).readBigUInt64LE();
  ensureModel(length <= HEADER_BYTES_MAX, `its header has more than ${HEADER_BYTES_MAX} bytes`);
  const dataStart = LENGTH_BYTES + Number(length);
  ensureModel(dataStart <= file.size, 'its header does not fit into it');
  const bytes = await readRange(file, { start: LENGTH_BYTES, end: dataStart });
  ensureModel(bytes[0] === OPEN_BRACE, 'its header is not a JSON object');
  const header = readJson(bytes, LIMITS);
  ensureModel(isObject(header), 'its header is not a JSON object');

  const tensors: Tensor[] = [];
  for (const [name, value] of header) {
    if (name === METADATA) checkMetadata(value);
    else tensors.push(readTensor(name, value));
  }
  checkLayout(tensors, file.size - dataStart);
  const elements = new Map<string, number>();
  for (const tensor of tensors) elements.set(tensor.dtype, (elements.get(tensor.dtype) ?? 0) + tensor.elements);
  return { names: new Set(tensors.map(({ name }) => name)), elements, bytes: file.size - dataStart };
}

function checkMetadata(value: JsonValue): void {
  const isText = isObject(value) && [...value.values()].every((item) => typeof item === 'string');
  ensureModel(isText, `${METADATA} contains something else than texts`);
}

function readTensor(name: string, value: JsonValue): Tensor {
  ensureModel(isObject(value), () => `the tensor ${shown(name)} is not described by an object`);
  const unknown = [...value.keys()].find((key) => !TENSOR_FIELDS.has(key));
  ensureModel(unknown === undefined, () => `the tensor ${shown(name)} has the unknown field ${shown(unknown ?? '')}`);
  const dtype = value.get('dtype');
  const bits = DTYPE_BITS.get(dtype);
  ensureModel(typeof dtype === 'string' && bits !== undefined, () => `the tensor ${shown(name)} has an unknown dtype`);

  const shape = readSizes(value.get('shape'));
  ensureModel(
    shape !== undefined && shape.length <= DIMENSIONS_MAX,
    () => `the shape of the tensor ${shown(name)} is not a short list of non-negative integers`,
  );
  const elements = shape.reduce((product, size) => product * size, 1);
  ensureModel(
    Number.isSafeInteger(elements) && Number.isSafeInteger(elements * bits),
    () => `the shape of the tensor ${shown(name)} is too large`,
  );

  const [start, end, ...rest] = readSizes(value.get('data_offsets')) ?? [];
  ensureModel(
    start !== undefined && end !== undefined && rest.length === 0 && start <= end,
    () => `the offsets of the tensor ${shown(name)} are not two integers in order`,
  );
  ensureModel(
    (end - start) * 8 === elements * bits,
    () => `the offsets of the tensor ${shown(name)} do not fit its shape and dtype`,
  );
  return { name, dtype, elements, start, end };
}

function readSizes(value: JsonValue | undefined): readonly number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const sizes: readonly unknown[] = value;
  const areSizes = sizes.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
  return areSizes ? (sizes as readonly number[]) : undefined;
}

function checkLayout(tensors: readonly Tensor[], dataBytes: number): void {
  const inOrder = tensors.toSorted((a, b) => a.start - b.start || a.end - b.end);
  let covered = 0;
  for (const { name, start, end } of inOrder) {
    ensureModel(start >= covered, () => `the tensor ${shown(name)} overlaps another one`);
    ensureModel(start === covered, () => `there is a gap before the tensor ${shown(name)}`);
    ensureModel(end <= dataBytes, () => `the tensor ${shown(name)} ends behind the end of the file`);
    covered = end;
  }
  ensureModel(covered === dataBytes, 'its tensors do not cover its data');
}
