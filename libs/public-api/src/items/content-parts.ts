/** The parts of the content of messages, and of the outputs of tools. */
import { z } from 'zod';
import { listOf, nullable, optional } from './item-fields.ts';

const breakpoint = { prompt_cache_breakpoint: optional(z.object({ mode: z.literal('explicit') })) };

export const inputTextPart = z.object({ type: z.literal('input_text'), text: z.string(), ...breakpoint });

export const inputImagePart = z
  .object({
    type: z.literal('input_image'),
    image_url: optional(z.string().min(1)),
    file_id: optional(z.string().min(1).max(256)),
    detail: z
      .enum(['auto', 'low', 'high', 'original'])
      .nullish()
      .transform((detail) => detail ?? 'auto'),
    ...breakpoint,
  })
  .refine(({ image_url: url, file_id: file }) => url !== undefined || file !== undefined, {
    error: 'is required unless `file_id` is present',
    path: ['image_url'],
  });

export const inputFilePart = z
  .object({
    type: z.literal('input_file'),
    file_id: optional(z.string().min(1).max(256)),
    filename: optional(z.string().max(512)),
    file_data: optional(z.string().min(1)),
    file_url: optional(z.string().min(1).max(8_192)),
    detail: optional(z.enum(['auto', 'low', 'high'])),
    ...breakpoint,
  })
  .refine(({ file_id: id, file_data: data, file_url: url }) => [id, data, url].some((source) => source !== undefined), {
    error: 'is required unless `file_data` or `file_url` is present',
    path: ['file_id'],
  })
  .refine(
    ({ file_id: id, file_data: data, file_url: url }) =>
      [id, data, url].filter((source) => source !== undefined).length <= 1,
    {
      error: 'cannot be combined with another source: a file has one of `file_id`, `file_data` and `file_url`',
      path: ['file_id'],
    },
  );

const place = z.number().int().nonnegative();
const fileId = z.string().max(256);

const annotation = z.discriminatedUnion('type', [
  z.object({ type: z.literal('file_citation'), file_id: fileId, index: place, filename: z.string() }),
  z.object({
    type: z.literal('url_citation'),
    url: z.string(),
    start_index: place,
    end_index: place,
    title: z.string(),
  }),
  z.object({
    type: z.literal('container_file_citation'),
    container_id: z.string().max(256),
    file_id: fileId,
    start_index: place,
    end_index: place,
    filename: z.string(),
  }),
  z.object({ type: z.literal('file_path'), file_id: fileId, index: place }),
]);

const tokenLogprob = z.object({
  token: z.string(),
  logprob: z.number(),
  bytes: nullable(z.array(z.number().int()).max(1_024)).transform((bytes) => bytes ?? []),
});
const logprob = tokenLogprob.extend({ top_logprobs: z.array(tokenLogprob).max(20).default([]) });

export const outputTextPart = z.object({
  type: z.literal('output_text'),
  text: z.string(),
  annotations: nullable(listOf(annotation)).transform((annotations) => annotations ?? []),
  // One for each token.
  logprobs: nullable(z.array(logprob)).transform((logprobs) => logprobs ?? []),
});

export const declinedPart = z.object({ type: z.literal('refusal'), refusal: z.string() });

/** What a tool returns: a text, or parts. */
export const toolOutput = z.union([
  z.string(),
  listOf(z.discriminatedUnion('type', [inputTextPart, inputImagePart, inputFilePart])),
]);
