/**
 * What a worker reads to answer with numbers instead of text: vectors of inputs, or scores of documents. Either is one
 * piece of work on one worker under one lease, however many texts it holds.
 */
import { TEXTS_MAX } from '@xerotier/public-api/fields';
import { z } from 'zod';
import { workContext } from '../inference/request-context.ts';

const text = z.string().min(1);
const texts = z.array(text).min(1).max(TEXTS_MAX);

export const embeddingInput = workContext.extend({
  /** Each a text, or the tokens of one in the model's own vocabulary. */
  inputs: z
    .array(z.union([text, z.array(z.number().int().nonnegative()).min(1)]))
    .min(1)
    .max(TEXTS_MAX),
  /** How many numbers a vector shall have. Default: as many as the model gives. */
  dimensions: z.number().int().positive().optional(),
});
export type EmbeddingInput = z.infer<typeof embeddingInput>;

export const rankingInput = workContext
  .extend({
    /** One for all documents, or one for each of them. */
    queries: texts,
    documents: texts,
    /** Of a longer document only so many tokens are read, from its beginning. Default: a document is read as a whole, or refused. */
    documentTokensMax: z.number().int().positive().optional(),
  })
  .refine(({ queries, documents }) => queries.length === 1 || queries.length === documents.length, {
    path: ['queries'],
    message: 'must be one, or as many as there are documents',
  });
export type RankingInput = z.infer<typeof rankingInput>;
