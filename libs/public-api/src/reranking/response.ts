/** Responses of rerank and score, for the OpenAPI document. */
import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { promptUsage } from '../embeddings/response.ts';

const index = z.number().int().min(0);

export const rerankResponse = z
  .object({
    id: z.string(),
    model: z.string(),
    results: z
      .array(
        z.object({
          index: index.describe('The index of the document in the request.'),
          relevance_score: z.number(),
          document: z.object({ text: z.string() }).optional(),
        }),
      )
      .describe('Sorted by relevance, most relevant first.'),
    usage: promptUsage,
  })
  .register(components, { id: 'Rerank' });

export const scoreResponse = z
  .object({
    id: z.string(),
    object: z.literal('list'),
    created: z.number().int().describe('Unix time in seconds.'),
    model: z.string(),
    data: z.array(z.object({ index, object: z.literal('score'), score: z.number() })),
    usage: promptUsage,
  })
  .register(components, { id: 'Score' });
