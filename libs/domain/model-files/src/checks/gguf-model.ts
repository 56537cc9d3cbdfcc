/** A model of one or several GGUF files: a file in parts, or a language model with a projector for images. */
import { shapeOfGguf } from '@xerotier/model-fit';
import type { ModelFile } from '../files/model-file.ts';
import { ModelRejection, ensureModel } from '../files/rejection.ts';
import { FILE_TYPES } from '../gguf/ggml-types.ts';
import { readGgufHeader } from '../gguf/gguf-header.ts';
import type { GgufHeader } from '../gguf/gguf-header.ts';
import type { GgufValue } from '../gguf/gguf-metadata.ts';
import { checkTemplate } from '../templates/check-template.ts';
import { inFile } from './in-file.ts';
import { addElements, countOf, mostFrequent, sumOf, textOf } from './model-facts.ts';
import type { ModelFacts } from './model-facts.ts';
import { shapeUnlessInvalid } from './model-shape.ts';

type Metadata = ReadonlyMap<string, GgufValue>;
/** A projector, which comes beside the language model that it belongs to. */
const PROJECTOR = 'clip';
const TEMPLATE = 'tokenizer.chat_template';

/** @throws {ModelRejection} */
export async function checkGgufModel(files: readonly ModelFile[]): Promise<ModelFacts> {
  const headers: GgufHeader[] = [];
  for (const file of files) headers.push(await inFile(file, () => checkGgufFile(file)));
  checkParts(headers);

  const elements = new Map<string, number>();
  for (const header of headers) addElements(elements, header.elements);
  const described = headers.map(({ metadata }) => metadata).filter((one) => architectureOf(one) !== undefined);
  const main = described.find((one) => architectureOf(one) !== PROJECTOR) ?? described[0];
  const architecture = main && architectureOf(main);
  if (main === undefined || architecture === undefined)
    throw new ModelRejection('no file names its general.architecture');
  const parameterCount = sumOf(elements);
  ensureModel(parameterCount > 0, 'it has no tensors');
  const template = main.get(TEMPLATE);
  const weights = { bytes: headers.reduce((sum, { bytes }) => sum + bytes, 0), parameters: parameterCount };
  return {
    format: 'gguf',
    architecture,
    name: textOf(main.get('general.name')),
    contextLength: countOf(main.get(`${architecture}.context_length`)),
    parameterCount,
    quantization: FILE_TYPES.get(main.get('general.file_type')) ?? (mostFrequent(elements) as string),
    chatTemplate: typeof template === 'string' ? template : undefined,
    shape: shapeUnlessInvalid(() => shapeOfGguf(Object.fromEntries(main), { ...weights, source: 'tensors' })),
  };
}

async function checkGgufFile(file: ModelFile): Promise<GgufHeader> {
  const header = await readGgufHeader(file);
  for (const [key, value] of header.metadata) {
    if (key.startsWith(TEMPLATE) && typeof value === 'string') checkTemplate(value);
  }
  return header;
}

function architectureOf(metadata: Metadata): string | undefined {
  return textOf(metadata.get('general.architecture'));
}

/** Loaders open the other parts of a file by themselves, so all of them must be there. @throws {ModelRejection} */
function checkParts(headers: readonly GgufHeader[]): void {
  const parts = headers.map(({ metadata }) => metadata).filter((one) => Number(one.get('split.count') ?? 1) > 1);
  if (parts.length === 0) return;
  const numbers = new Set(parts.map((one) => one.get('split.no')));
  const isWhole = parts.every((one) => one.get('split.count') === parts.length) && numbers.size === parts.length;
  const areInRange = [...numbers].every((no) => typeof no === 'number' && no < parts.length);
  ensureModel(isWhole && areInRange, 'parts of its GGUF file are missing, or there are too many');
}
