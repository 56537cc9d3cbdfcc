/** One request of a trace. */
export interface SimRequest {
  readonly id: number;
  readonly arrivedAt: number;
  readonly projectId: string;
  readonly priority: 'interactive' | 'batch';
  /** Hashes of the blocks of the prompt, each covers what is before it; the last one may be incomplete, and is not among them. */
  readonly prefix: readonly number[];
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** Blocks that the output completes, as later prompts have them. */
  readonly outputBlocks: readonly number[];
  /** Goodput counts what meets both. */
  readonly slo: { readonly firstTokenMs: number; readonly nextTokenMs: number };
  /** What the same client sends when it has the response. */
  readonly then?: (request: SimRequest, endedAt: number) => SimRequest | undefined;
}

/** What became of a request. */
export interface Outcome {
  readonly request: SimRequest;
  readonly engine: number;
  readonly cachedTokens: number;
  /** From its arrival. */
  readonly firstTokenMs: number;
  /** Mean of the tokens after the first. */
  readonly nextTokenMs: number;
  readonly endedAt: number;
}

export const BLOCK_TOKENS = 64;
