/**
 * Serves generations on the subject of this worker and on the shared subject of its model. Uses the bus directly instead of
 * `@Serves`: this is the hot path, in a process without Nest (ADR 0005 and 0014).
 */
import { countingContract, modelContract, workerContract } from '@xerotier/contracts/xim';
import type { EmbeddingInput, GenerationInput, MediaInput, RankingInput } from '@xerotier/contracts/xim';
import type { Bus, Serving } from '@xerotier/nats';
import type { GenerationOutput, GenerationsService, MediaOutput } from './generations.service.ts';

/** Serves generations until it is stopped. */
export function serveGenerations(
  bus: Bus,
  generations: GenerationsService,
  address: { model: string; worker: string },
): Serving {
  const handlers = {
    generate: (input: GenerationInput, stream: GenerationOutput) => generations.run(input, stream),
    embed: (input: EmbeddingInput, stream: GenerationOutput) => generations.embed(input, stream),
    media: (input: MediaInput, stream: MediaOutput) => generations.media(input, stream),
    rank: (input: RankingInput, stream: GenerationOutput) => generations.rank(input, stream),
  };
  const own = bus.serve(workerContract, handlers, { values: address, queue: null });
  const shared = bus.serve(modelContract, handlers, { values: { model: address.model } });
  const counting = bus.serve(
    countingContract,
    { count: (input, stream) => generations.count(input, stream) },
    { values: { model: address.model } },
  );
  return {
    stop: async () => {
      await Promise.all([own.stop(), shared.stop(), counting.stop()]);
    },
  };
}
