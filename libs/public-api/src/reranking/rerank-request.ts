/**
 * The body of `POST /v1/rerank`, in the form that Cohere, Jina and vLLM share. A document is a string or an object with `text`;
 * both are converted to a string.
 */
import { z } from 'zod';
import { components } from '../openapi/components.ts';
import { TEXTS_MAX } from '../fields/texts.ts';

const text = z.string().min(1, 'must not be empty');
const document = z.union([text, z.object({ text }).transform((object) => object.text)], {
  error: "must be a non-empty string, or an object with a non-empty string in 'text'",
});

export const rerankRequest = z
  .object({
    model: z.string().min(1).max(256),
    query: text,
    documents: z.array(document).min(1).max(TEXTS_MAX),
    /** A value greater than the number of documents returns all of them. */
    top_n: z.number().int().min(1).nullish(),
    /** As in Cohere's API: longer documents are truncated. */
    max_tokens_per_doc: z.number().int().min(1).nullish(),
    return_documents: z
      .boolean()
      .nullish()
      .transform((value) => value ?? true),
    user: z.string().max(512).nullish(),
  })
  .register(components, { id: 'CreateRerankRequest' });
export type RerankRequest = z.output<typeof rerankRequest>;
