/** What embeddings are answered with, for the API's document. */
import { z } from 'zod';
import { components } from '../openapi/components.ts';

/** Of requests whose answers have no tokens. */
export const promptUsage = z.object({ prompt_tokens: z.number().int().min(0), total_tokens: z.number().int().min(0) });

const embedding = z.object({
  object: z.literal('embedding'),
  index: z.number().int().min(0),
  embedding: z
    .union([z.array(z.number()), z.string()])
    .describe('A list of numbers, or with encoding_format base64 their 32-bit floats in little-endian order.'),
});

export const embeddingList = z
  .object({
    object: z.literal('list'),
    data: z.array(embedding),
    model: z.string(),
    usage: promptUsage,
  })
  .register(components, { id: 'EmbeddingList' });
