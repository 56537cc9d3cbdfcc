import type { ModelShape } from '@xerotier/contracts/router';
import { familyOf } from './families.ts';
import { bounded, LIMITS } from './limits.ts';
import { isShortText, ModelFields } from './model-fields.ts';
import { hyperparametersOf, shapeFrom, unknownShape } from './model-shape.ts';
import type { KnownWeights } from './model-shape.ts';
import { parameterCountOf } from './parameter-count.ts';
import { visionParametersOf } from './vision.ts';
import { estimateWeights } from './weight-bytes.ts';

/**
 * Reads a `config.json` of transformers. Models that read images have the configuration of their language part in `text_config`.
 *
 * @returns a shape of the kind `unknown` for an architecture that is not known.
 * @throws {InvalidModelField} if a field that memory depends on is missing, or not a number that a model can have.
 */
export function shapeOfConfig(config: Readonly<Record<string, unknown>>, weights?: KnownWeights): ModelShape {
  const top = new ModelFields(config);
  const part = top.get('text_config') === undefined ? 'llm_config' : 'text_config';
  const nested = top.part(part);
  const text = nested ?? top;
  const named = architecturesOf(top);
  const types = [text.text('model_type'), top.text('model_type')];
  const names = [...types, ...named].filter((name) => name !== undefined);
  const family = names.map(familyOf).find((found) => found !== undefined);
  const architecture = named[0] ?? names[0] ?? 'unknown';
  if (family === undefined) return unknownShape(architecture, weights);

  const fields = text.withDefaults(family.defaults ?? {});
  const isTied = top.flag('tie_word_embeddings') ?? text.flag('tie_word_embeddings') ?? family.isTied;
  const vocabularySize = fields.requiredCount(LIMITS.vocabularySize, 'vocab_size', 'padded_vocab_size');
  const visionParameters = visionParametersOf(top);
  const model = hyperparametersOf(fields, { architecture, family, isTied, vocabularySize, visionParameters });
  const counts = parameterCountOf(model);
  const estimate = estimateWeights(top, text, counts);
  return shapeFrom(model, {
    parameters: weights?.parameters ?? counts.total,
    weightBytes: weights?.bytes ?? Math.min(LIMITS.bytes, bounded(estimate.bytes)),
    weightSource: weights?.source ?? 'estimate',
    quantization: estimate.quantization,
    warnings: [...(weights === undefined ? estimate.warnings : [])],
  });
}

function architecturesOf(config: ModelFields): string[] {
  const listed = config.list('architectures') ?? [];
  const [first] = listed;
  if (first === undefined) return [];
  if (!isShortText(first)) throw config.invalid('architectures', 'must be a list of texts');
  return [first];
}
