/** Shared helpers of the specs of embedding and rank engines. */
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { EmbedJob } from '../engine.ts';

export function anEmbedJob(inputs: EmbedJob['inputs'], fields: Partial<EmbedJob> = {}): EmbedJob {
  return { inputs, paramOf: (index) => `input[${index}]`, ...fields };
}

export interface Computed<T> {
  readonly values: T[];
  readonly usage: TokenUsage;
}

/** Collects all values. @throws the errors of the engine. */
export async function all<T>(values: AsyncGenerator<T, TokenUsage>): Promise<Computed<T>> {
  const computed: T[] = [];
  for (;;) {
    const next = await values.next();
    if (next.done === true) return { values: computed, usage: next.value };
    computed.push(next.value);
  }
}
