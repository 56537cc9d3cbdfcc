/**
 * What a worker does. `generate` is one generation: the head says what the worker made of the request; each data frame holds JSON text in
 * UTF-8: for a streamed generation the `choices` array of one chunk, otherwise the `choices` array of the whole
 * answer (one frame). The envelope around it (id, model, tier) belongs to the caller, so a token crosses the gateway
 * without being parsed. The end says what was used. `embed` and `rank` answer
 * with numbers, under the same head and end; `media` with bytes, under a head of its own.
 */
import { z } from 'zod';
import { service, stream } from '../define.ts';
import { workerId } from '../ids.ts';
import { workContext } from '../inference/request-context.ts';
import { tokenUsage } from '../inference/token-usage.ts';
import { chatCompletionRequest, reasoningEffort } from '@xerotier/public-api/chat-completions';
import { embeddingInput, rankingInput } from './embedding.ts';
import { mediaHead, mediaInput } from './media.ts';

export const generationInput = workContext.extend({
  /** The `index` of the choice that this generation fills. */
  choiceIndex: z.number().int().nonnegative().max(127),
  chat: chatCompletionRequest,
  /** All digits of a seed that a JSON number loses on its way; `chat.seed` is then the number next to it. */
  seedDigits: z
    .string()
    .regex(/^-?\d{1,19}$/)
    .optional(),
});
export type GenerationInput = z.infer<typeof generationInput>;

/** Before any data; it may come again before the first of it, and then the later one counts. */
export const generationHead = z.object({
  workerId,
  /** Identifies weights, engine and sampling code: equal seeds give equal text only where this is equal. */
  systemFingerprint: z.string().optional(),
  /** The number that was asked for, where it had to be lowered to fit the context. */
  maxTokensClampedFrom: z.number().int().positive().optional(),
  /** How much the model thinks in the end, of what was asked for. */
  adjustedReasoningEffort: reasoningEffort.optional(),
});
export type GenerationHead = z.infer<typeof generationHead>;

export const generationEnd = z.object({
  usage: tokenUsage,
  /** True when the caller cancelled; `usage` then counts what was really generated. */
  cancelled: z.boolean(),
});
export type GenerationEnd = z.infer<typeof generationEnd>;

const generate = {
  input: generationInput,
  head: generationHead,
  end: generationEnd,
  errors: [
    'worker.busy',
    'worker.draining',
    'request.unsupported_parameter',
    'request.invalid',
    'inference.task_unsupported',
    'inference.context_length_exceeded',
    'inference.prompt_too_long',
    'inference.upstream_rejected',
    'inference.engine_failed',
    'inference.engine_unavailable',
  ],
} as const;

const readErrors = [
  'worker.busy',
  'worker.draining',
  'request.unsupported_parameter',
  'request.invalid',
  'inference.input_too_long',
  'inference.task_unsupported',
  'inference.context_length_exceeded',
  'inference.prompt_too_long',
  'inference.upstream_rejected',
  'inference.engine_failed',
  'inference.engine_unavailable',
] as const;

/** One data frame for each input, in their order: its vector (`encodeVector`). */
const embed = { input: embeddingInput, head: generationHead, end: generationEnd, errors: readErrors } as const;

/** One data frame for each document, in their order: its score (`encodeScore`). */
const rank = { input: rankingInput, head: generationHead, end: generationEnd, errors: readErrors } as const;

/** Data frames are the bytes of the answer, in their order. */
const media = { input: mediaInput, head: mediaHead, end: generationEnd, errors: readErrors } as const;

/** A worker's own subjects: the way of a placed request. Each answers all of them, and refuses what its engine cannot do. */
export const workerContract = service('xim', {
  generate: stream({ subject: 'infer.v1.{model}.{worker}', ...generate }),
  embed: stream({ subject: 'embed.v1.{model}.{worker}', ...embed }),
  rank: stream({ subject: 'rank.v1.{model}.{worker}', ...rank }),
  media: stream({ subject: 'media.v1.{model}.{worker}', ...media }),
});

/** A model's shared subjects: any free worker (queue group `xim`); the way when no router answers. */
export const modelContract = service('xim', {
  generate: stream({ subject: 'infer.v1.{model}', ...generate }),
  embed: stream({ subject: 'embed.v1.{model}', ...embed }),
  rank: stream({ subject: 'rank.v1.{model}', ...rank }),
  media: stream({ subject: 'media.v1.{model}', ...media }),
});
