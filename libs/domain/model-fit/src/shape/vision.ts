import { LIMITS } from './limits.ts';
import type { ModelFields } from './model-fields.ts';

const EXPANSION = 4;

/** Parameters of the transformer that encodes images, without the projector behind it. @throws {InvalidModelField} */
export function visionParametersOf(config: ModelFields): number {
  const vision = config.part('vision_config');
  if (vision === undefined) return 0;
  // In Qwen2-VL, `hidden_size` is that of the language model.
  const width = vision.count(LIMITS.hiddenSize, 'embed_dim', 'hidden_size', 'width');
  const layers = vision.count(LIMITS.layers, 'num_hidden_layers', 'depth', 'layers');
  if (width === undefined || layers === undefined) return 0;
  const size = vision.count(LIMITS.feedForwardSize, 'intermediate_size') ?? EXPANSION * width;
  // Towers with a gate have it in their activation.
  const matrices = vision.get('hidden_act') === 'silu' ? 3 : 2;
  return layers * width * (4 * width + matrices * size);
}
