/** The list of embeddings, for the OpenAPI document. */
import { z } from 'zod';
import { components } from '../openapi/components.ts';

/** Usage of requests whose responses have no tokens. */
export const promptUsage = z.object({ prompt_tokens: z.number().int().min(0), total_tokens: z.number().int().min(0) });

const embedding = z.object({
  object: z.literal('embedding'),
  index: z.number().int().min(0),
  embedding: z
    .union([z.array(z.number()), z.string()])
    .describe('An array of numbers, or with `encoding_format: base64` their little-endian 32-bit floats in base64.'),
});

export const embeddingList = z
  .object({
    object: z.literal('list'),
    data: z.array(embedding),
    model: z.string(),
    usage: promptUsage,
  })
  .register(components, { id: 'EmbeddingList' });
