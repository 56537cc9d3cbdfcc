/**
 * Inputs of the operations that return numbers: vectors of inputs, or scores of documents. Each is one generation on one worker
 * under one lease, independent of the number of texts.
 */
import { TEXTS_MAX } from '@xerotier/public-api/fields';
import { z } from 'zod';
import { workContext } from '../inference/request-context.ts';

const text = z.string().min(1);
const texts = z.array(text).min(1).max(TEXTS_MAX);

export const embeddingInput = workContext.extend({
  /** Texts, or token ids in the vocabulary of the model. */
  inputs: z
    .array(z.union([text, z.array(z.number().int().nonnegative()).min(1)]))
    .min(1)
    .max(TEXTS_MAX),
  /** Requested size of the vectors. Default: the size of the model. */
  dimensions: z.number().int().positive().optional(),
});
export type EmbeddingInput = z.infer<typeof embeddingInput>;

export const rankingInput = workContext
  .extend({
    /** One query for all documents, or one for each document. */
    queries: texts,
    documents: texts,
    /** Longer documents are truncated to this number of tokens. Default: a document that does not fit is rejected. */
    documentTokensMax: z.number().int().positive().optional(),
  })
  .refine(({ queries, documents }) => queries.length === 1 || queries.length === documents.length, {
    path: ['queries'],
    message: 'must have one entry, or as many as documents',
  });
export type RankingInput = z.infer<typeof rankingInput>;
