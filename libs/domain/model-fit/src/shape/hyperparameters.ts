/** A model as it is built, whichever format its files have: what `parameterCountOf` and `cachesOf` are computed from. */

/** Layers that mix tokens. */
export type Mixer =
  | {
      readonly kind: 'attention';
      readonly layers: number;
      readonly kvHeads: number;
      readonly keySize: number;
      readonly valueSize: number;
      /** Tokens that it looks back; absent: all. */
      readonly window?: number | undefined;
      /** Whether queries come with a gate of the output of the same size. */
      readonly hasOutputGate?: boolean;
    }
  | {
      readonly kind: 'latent';
      readonly layers: number;
      readonly queryRank?: number | undefined;
      readonly rank: number;
      /** Elements of a head without and with a position. */
      readonly plainSize: number;
      readonly ropeSize: number;
      readonly valueSize: number;
    }
  | {
      readonly kind: 'mamba';
      readonly layers: number;
      readonly innerSize: number;
      readonly stateSize: number;
      readonly kernel: number;
      readonly timeStepRank: number;
    }
  | {
      readonly kind: 'mamba2';
      readonly layers: number;
      readonly heads: number;
      readonly headSize: number;
      readonly groups: number;
      readonly stateSize: number;
      readonly kernel: number;
    }
  /** Gated DeltaNet, the linear attention of Qwen3-Next. */
  | {
      readonly kind: 'delta';
      readonly layers: number;
      readonly keyHeads: number;
      readonly valueHeads: number;
      readonly keySize: number;
      readonly valueSize: number;
      readonly kernel: number;
    };

export interface FeedForward {
  readonly layers: number;
  readonly size: number;
  /** 3 with a gate, as SwiGLU; else 2. */
  readonly matrices: 2 | 3;
  readonly experts?: { readonly count: number; readonly active: number; readonly sharedSize: number };
}

export interface Hyperparameters {
  readonly architecture: string;
  readonly kind: 'decoder' | 'encoder';
  readonly hiddenSize: number;
  readonly heads: number;
  readonly vocabularySize: number;
  readonly contextTokens: number | undefined;
  /** Whether the output uses the matrix of the input. */
  readonly isTied: boolean;
  /** Rows of a table of positions, if they are learned. */
  readonly positions: number;
  readonly mixers: readonly Mixer[];
  readonly feedForwards: readonly FeedForward[];
  /** Parameters of the tower for images. */
  readonly visionParameters: number;
}
