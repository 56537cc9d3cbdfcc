/**
 * Operations of a worker. `generate` is one generation. Its head describes how the worker adjusted the request. Each data frame
 * is JSON text in UTF-8: the `choices` array of one chunk if the generation is streamed, otherwise that of the whole response
 * (one frame). The caller adds the envelope (id, model, tier), so the gateway forwards tokens without parsing them. The end frame
 * carries the usage. `embed` and `rank` return numbers, with the same head and end; `media` returns bytes, with its own head.
 */
import { z } from 'zod';
import { service, stream } from '../define.ts';
import { workerId } from '../ids.ts';
import { workContext } from '../inference/request-context.ts';
import { tokenUsage } from '../inference/token-usage.ts';
import { chatCompletionRequest, reasoningEffort } from '@xerotier/public-api/chat-completions';
import { TEXTS_MAX } from '@xerotier/public-api/fields';
import { embeddingInput, rankingInput } from './embedding.ts';
import { mediaHead, mediaInput } from './media.ts';

export const generationInput = workContext.extend({
  /** `index` of the choice that this generation produces. */
  choiceIndex: z.number().int().nonnegative().max(127),
  chat: chatCompletionRequest,
  /** All digits of a seed that exceeds the precision of a JSON number; `chat.seed` is then the nearest number. */
  seedDigits: z
    .string()
    .regex(/^-?\d{1,19}$/)
    .optional(),
});
export type GenerationInput = z.infer<typeof generationInput>;

/** Sent before any data. It may be repeated until the first data frame; the last one is valid. */
export const generationHead = z.object({
  workerId,
  /** Identifies weights, engine and sampling code: the same seed gives the same text only with the same fingerprint. */
  systemFingerprint: z.string().optional(),
  /** The requested maximum, if it was lowered to fit the context. */
  maxTokensClampedFrom: z.number().int().positive().optional(),
  /** The effective reasoning effort, if it differs from the requested one. */
  adjustedReasoningEffort: reasoningEffort.optional(),
});
export type GenerationHead = z.infer<typeof generationHead>;

export const generationEnd = z.object({
  usage: tokenUsage,
  /** True if the caller cancelled; `usage` then counts what was generated until then. */
  cancelled: z.boolean(),
  /** Of `embed`: the tokens of each input, if the engine counts them one by one. */
  inputTokens: z.array(z.number().int().nonnegative()).max(TEXTS_MAX).optional(),
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

/** One data frame for each input, in order: its vector (`encodeVector`). */
const embed = { input: embeddingInput, head: generationHead, end: generationEnd, errors: readErrors } as const;

/** One data frame for each document, in order: its score (`encodeScore`). */
const rank = { input: rankingInput, head: generationHead, end: generationEnd, errors: readErrors } as const;

/** Data frames are the bytes of the response, in order. */
const media = { input: mediaInput, head: mediaHead, end: generationEnd, errors: readErrors } as const;

/** Subjects of one worker, for placed requests. It serves all of them, and rejects tasks that its engine does not support. */
export const workerContract = service('xim', {
  generate: stream({ subject: 'infer.v1.{model}.{worker}', ...generate }),
  embed: stream({ subject: 'embed.v1.{model}.{worker}', ...embed }),
  rank: stream({ subject: 'rank.v1.{model}.{worker}', ...rank }),
  media: stream({ subject: 'media.v1.{model}.{worker}', ...media }),
});

/** Shared subjects of a model, served by any free worker (queue group `xim`); used while no router is available. */
export const modelContract = service('xim', {
  generate: stream({ subject: 'infer.v1.{model}', ...generate }),
  embed: stream({ subject: 'embed.v1.{model}', ...embed }),
  rank: stream({ subject: 'rank.v1.{model}', ...rank }),
  media: stream({ subject: 'media.v1.{model}', ...media }),
});
