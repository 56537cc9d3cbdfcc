/** What the specs of engines that compute vectors and scores share. */
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { EmbedJob } from '../engine.ts';

export function anEmbedJob(inputs: EmbedJob['inputs'], fields: Partial<EmbedJob> = {}): EmbedJob {
  return { inputs, paramOf: (index) => `input[${index}]`, ...fields };
}

export interface Computed<T> {
  readonly values: T[];
  readonly usage: TokenUsage;
}

/** Pulls everything. @throws what the engine throws. */
export async function all<T>(values: AsyncGenerator<T, TokenUsage>): Promise<Computed<T>> {
  const computed: T[] = [];
  for (;;) {
    const next = await values.next();
    if (next.done === true) return { values: computed, usage: next.value };
    computed.push(next.value);
  }
}
