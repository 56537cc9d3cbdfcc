/**
 * The ways in: this worker's own subject, and its model's shared one. Served by hand and not by `@Serves`: this is the hot path,
 * in a process without Nest (ADR 0005 and 0014).
 */
import { modelContract, workerContract } from '@xerotier/contracts/xim';
import type { EmbeddingInput, GenerationInput, MediaInput, RankingInput } from '@xerotier/contracts/xim';
import type { Bus, Serving } from '@xerotier/nats';
import type { GenerationOutput, GenerationsService, MediaOutput } from './generations.service.ts';

/** Takes generations until stopped. */
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
  return {
    stop: async () => {
      await Promise.all([own.stop(), shared.stop()]);
    },
  };
}
