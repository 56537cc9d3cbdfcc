/** A model of one or several safetensors files with config.json. */
import { shapeOfConfig } from '@xerotier/model-fit';
import type { ModelFile } from '../files/model-file.ts';
import { ModelRejection, ensureModel, shown } from '../files/rejection.ts';
import { isObject } from '../json/read-json.ts';
import type { JsonObject, JsonValue } from '../json/read-json.ts';
import { readSafetensorsHeader } from '../safetensors/safetensors-header.ts';
import { inFile } from './in-file.ts';
import { addElements, countOf, mostFrequent, sumOf, textOf } from './model-facts.ts';
import type { ModelFacts } from './model-facts.ts';
import { plainObjectOf, shapeUnlessInvalid } from './model-shape.ts';

/** What the files beside the weights say. */
export interface Companions {
  readonly config: JsonObject | undefined;
  /** File by tensor. */
  readonly index: ReadonlyMap<string, string> | undefined;
  readonly chatTemplate: string | undefined;
}

/** @throws {ModelRejection} */
export async function checkSafetensorsModel(
  files: readonly ModelFile[],
  { config, index, chatTemplate }: Companions,
): Promise<ModelFacts> {
  if (config === undefined) throw new ModelRejection('config.json is missing, which safetensors files need');
  const tensors = new Map<string, string>();
  const elements = new Map<string, number>();
  let bytes = 0;
  for (const file of files) {
    const header = await inFile(file, () => readSafetensorsHeader(file));
    for (const name of header.names) {
      ensureModel(!tensors.has(name), () => `the tensor ${shown(name)} is in two files`);
      tensors.set(name, file.name);
    }
    addElements(elements, header.elements);
    bytes += header.bytes;
  }
  for (const [tensor, file] of index ?? []) {
    // Loaders open the files that the index names: another one than those that were checked would be read as well.
    ensureModel(
      tensors.get(tensor) === file,
      () => `the index names the tensor ${shown(tensor)} of ${shown(file)}, which is not there`,
    );
  }
  const parameterCount = sumOf(elements);
  ensureModel(parameterCount > 0, 'it has no tensors');
  const architecture = architectureOf(config);
  if (architecture === undefined) throw new ModelRejection('config.json names no architecture');
  return {
    format: 'safetensors',
    architecture,
    contextLength: contextLengthOf(config),
    parameterCount,
    quantization: quantizationOf(config) ?? (mostFrequent(elements) as string),
    chatTemplate,
    shape: shapeUnlessInvalid(() => shapeOfConfig(plainObjectOf(config), { bytes, source: 'tensors' })),
  };
}

function architectureOf(config: JsonObject): string | undefined {
  const architectures = config.get('architectures');
  const [first] = Array.isArray(architectures) ? (architectures as readonly JsonValue[]) : [];
  return textOf(first) ?? textOf(config.get('model_type'));
}

/** Models that read images as well keep it in the configuration of their language part. */
function contextLengthOf(config: JsonObject): number | undefined {
  const part = config.get('text_config');
  return countOf(
    config.get('max_position_embeddings') ?? (isObject(part) ? part.get('max_position_embeddings') : undefined),
  );
}

const TYPES: ReadonlyMap<unknown, string> = new Map([
  ['float32', 'F32'],
  ['float16', 'F16'],
  ['bfloat16', 'BF16'],
  ['float64', 'F64'],
]);

function quantizationOf(config: JsonObject): string | undefined {
  const quantization = config.get('quantization_config');
  const method = isObject(quantization) ? textOf(quantization.get('quant_method')) : undefined;
  return method ?? TYPES.get(config.get('torch_dtype') ?? config.get('dtype'));
}
