/** Document scores for models that only support embeddings. */
import { emptyUsage } from '@xerotier/contracts/inference';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { EmbeddingEngine, RankJob } from './engine.ts';

/**
 * Yields the cosine similarity of each document and its query, mapped from -1...1 to 0...1: 1 is the same direction, 0.5
 * unrelated. Each query is embedded once, before the documents.
 * @throws {AppError} the errors of the engine, naming `queries[i]` or `documents[i]`.
 */
export async function* rankByEmbeddings(
  engine: EmbeddingEngine,
  { queries, documents, documentTokensMax }: RankJob,
  signal: AbortSignal,
): AsyncGenerator<number, TokenUsage> {
  const paramOf = (index: number): string =>
    index < queries.length ? `queries[${index}]` : `documents[${index - queries.length}]`;
  const tokensMaxOf = (index: number): number | undefined => (index < queries.length ? undefined : documentTokensMax);
  const vectors = engine.embed({ inputs: [...queries, ...documents], tokensMaxOf, paramOf }, signal);
  const queryVectors: Float32Array[] = [];
  let document = 0;
  try {
    for (;;) {
      const next = await vectors.next();
      if (next.done === true) return next.value;
      if (queryVectors.length < queries.length) {
        queryVectors.push(next.value);
        continue;
      }
      const query = queryVectors[queries.length === 1 ? 0 : document] as Float32Array;
      document += 1;
      yield similarity(query, next.value);
    }
  } finally {
    await vectors.return(emptyUsage());
  }
}

function similarity(a: Float32Array, b: Float32Array): number {
  let [product, lengthA, lengthB] = [0, 0, 0];
  for (let i = 0; i < a.length; i += 1) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    product += x * y;
    lengthA += x * x;
    lengthB += y * y;
  }
  const lengths = Math.sqrt(lengthA * lengthB);
  // Rounding errors may exceed the range.
  return lengths === 0 ? 0.5 : Math.min(1, Math.max(0, (1 + product / lengths) / 2));
}
