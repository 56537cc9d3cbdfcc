import type { LayerCache } from '@xerotier/contracts/router';
import type { Mixer } from './hyperparameters.ts';

/** Engines keep recurrent states in float32, or smaller: this is the most. */
const STATE_ELEMENT_BYTES = 4;
/** The inputs of a convolution, in the type of the activations. */
const CONVOLUTION_ELEMENT_BYTES = 2;

/** What the layers keep for a sequence. */
export function cachesOf(mixers: readonly Mixer[]): LayerCache[] {
  return mixers.map((mixer) => {
    const { layers } = mixer;
    switch (mixer.kind) {
      case 'attention': {
        const { kvHeads, keySize, valueSize, window } = mixer;
        return { kind: 'attention', layers, kvHeads, keySize, valueSize, ...(window !== undefined && { window }) };
      }
      case 'latent':
        return { kind: 'latent', layers, elements: mixer.rank + mixer.ropeSize };
      default:
        return { kind: 'state', layers, bytes: stateBytes(mixer) };
    }
  });
}

/** Of one layer: its recurrent state, and the last inputs of its convolution. */
function stateBytes(mixer: Exclude<Mixer, { kind: 'attention' | 'latent' }>): number {
  const { state, convolved } = stateElements(mixer);
  return state * STATE_ELEMENT_BYTES + convolved * (mixer.kernel - 1) * CONVOLUTION_ELEMENT_BYTES;
}

function stateElements(mixer: Exclude<Mixer, { kind: 'attention' | 'latent' }>): { state: number; convolved: number } {
  switch (mixer.kind) {
    case 'mamba':
      return { state: mixer.innerSize * mixer.stateSize, convolved: mixer.innerSize };
    case 'mamba2': {
      const inner = mixer.heads * mixer.headSize;
      return { state: inner * mixer.stateSize, convolved: inner + 2 * mixer.groups * mixer.stateSize };
    }
    case 'delta': {
      const { keyHeads, valueHeads, keySize, valueSize } = mixer;
      return { state: valueHeads * valueSize * keySize, convolved: 2 * keyHeads * keySize + valueHeads * valueSize };
    }
  }
}
