/** Parameters of a model, from the sizes of its matrices. Biases, convolutions and projectors of images are left out: below 2 percent. */
import type { FeedForward, Hyperparameters, Mixer } from './hyperparameters.ts';

export interface ParameterCounts {
  readonly embeddings: number;
  readonly mixers: number;
  readonly feedForwards: number;
  readonly vision: number;
  readonly total: number;
}

export function parameterCountOf(model: Hyperparameters): ParameterCounts {
  const { hiddenSize, vocabularySize, isTied, positions, visionParameters: vision } = model;
  const matrices = isTied ? 1 : 2;
  const embeddings = hiddenSize * (vocabularySize * matrices + positions);
  const mixers = sumOf(model.mixers, (mixer) => mixer.layers * mixerParameters(mixer, model));
  const feedForwards = sumOf(model.feedForwards, (layer) => layer.layers * feedForwardParameters(layer, hiddenSize));
  return { embeddings, mixers, feedForwards, vision, total: embeddings + mixers + feedForwards + vision };
}

/** Of one layer, with its normalization. */
function mixerParameters(mixer: Mixer, { hiddenSize: hidden, heads }: Hyperparameters): number {
  switch (mixer.kind) {
    case 'attention': {
      const queries = heads * mixer.keySize * (mixer.hasOutputGate === true ? 2 : 1);
      const cached = mixer.kvHeads * (mixer.keySize + mixer.valueSize);
      return hidden * (queries + cached + heads * mixer.valueSize + 1);
    }
    case 'latent': {
      const { queryRank, rank, plainSize, ropeSize, valueSize } = mixer;
      const queries = heads * (plainSize + ropeSize);
      const query = queryRank === undefined ? hidden * queries : queryRank * (hidden + queries);
      return (
        query + hidden * (rank + ropeSize) + rank * heads * (plainSize + valueSize) + hidden * (heads * valueSize + 1)
      );
    }
    case 'mamba': {
      const { innerSize, stateSize, timeStepRank, kernel } = mixer;
      const selection = innerSize * (timeStepRank + 2 * stateSize) + timeStepRank * innerSize;
      return 3 * hidden * innerSize + selection + innerSize * (stateSize + kernel) + hidden;
    }
    case 'mamba2': {
      const inner = mixer.heads * mixer.headSize;
      const convolved = inner + 2 * mixer.groups * mixer.stateSize;
      return hidden * (inner + convolved + mixer.heads) + inner * hidden + convolved * mixer.kernel + hidden;
    }
    case 'delta': {
      const keys = mixer.keyHeads * mixer.keySize;
      const values = mixer.valueHeads * mixer.valueSize;
      // Queries, keys, values and a gate; two gates per head; the output.
      return hidden * (2 * keys + 2 * values + 2 * mixer.valueHeads + values + 1) + (2 * keys + values) * mixer.kernel;
    }
  }
}

function feedForwardParameters({ size, matrices, experts }: FeedForward, hidden: number): number {
  if (experts === undefined) return hidden * (matrices * size + 1);
  return hidden * (matrices * (experts.count * size + experts.sharedSize) + experts.count + 1);
}

export function sumOf<T>(items: readonly T[], valueOf: (item: T) => number): number {
  return items.reduce((sum, item) => sum + valueOf(item), 0);
}
