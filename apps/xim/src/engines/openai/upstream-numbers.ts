/** Reads vectors and scores from responses, in any order, in several formats and in two encodings. */
import type { TokenUsage } from '@xerotier/contracts/inference';
import { asObject } from './upstream-json.ts';
import type { Json } from './upstream-json.ts';
import { readInputUsage } from './upstream-usage.ts';

export interface UpstreamNumbers<T> {
  readonly values: readonly T[];
  readonly usage: TokenUsage;
}

/**
 * Reads the response of `/embeddings`: that of the specification, or a bare list (TEI, llama-server).
 * @throws {Error} unless there is a vector of finite numbers per input, all of one size.
 */
export function readEmbeddings(
  response: unknown,
  count: number,
  tokensEstimate: number,
): UpstreamNumbers<Float32Array> {
  const { data, embeddings } = asObject(response) ?? {};
  const values = inOrder(listIn(response, data, embeddings), count, (entry) =>
    vectorOf(asObject(entry)?.['embedding'] ?? entry),
  );
  const size = values[0]?.length;
  if (values.some((vector) => vector.length === 0 || vector.length !== size))
    throw new Error('The vectors of the response have different sizes.');
  return { values, usage: readInputUsage(response, tokensEstimate) };
}

/**
 * Reads the response of `/rerank` or `/score`: that of Cohere and Jina (`results`), that of vLLM (`data`), or a bare list (TEI),
 * with the scores in `relevance_score` or `score`.
 * @throws {Error} unless there is a score per text.
 */
export function readScores(response: unknown, count: number, tokensEstimate: number): UpstreamNumbers<number> {
  const { results, data } = asObject(response) ?? {};
  const values = inOrder(listIn(response, results, data), count, (entry) => {
    const json = asObject(entry) ?? {};
    return finite(json['relevance_score'] ?? json['score'] ?? entry);
  });
  return { values, usage: readInputUsage(response, tokensEstimate) };
}

function listIn(...places: readonly unknown[]): readonly unknown[] {
  const list = places.find((place): place is readonly unknown[] => Array.isArray(place));
  if (list === undefined) throw new Error('The response has no list of results.');
  return list;
}

/** Results without an index are in the order of the inputs. */
function inOrder<T>(entries: readonly unknown[], count: number, read: (entry: unknown) => T): T[] {
  const values = new Map<number, T>();
  for (const [at, entry] of entries.entries()) {
    const json: Json | undefined = asObject(entry);
    const index = json?.['index'] ?? at;
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count || values.has(index))
      throw new Error('A result of the response has an invalid or duplicate index.');
    values.set(index, read(entry));
  }
  if (values.size !== count) throw new Error(`The response has ${values.size} results instead of ${count}.`);
  return Array.from({ length: count }, (_, index) => values.get(index) as T);
}

/** Numbers, as requested, or base64 of little-endian float32, which some servers send nevertheless. */
function vectorOf(embedding: unknown): Float32Array {
  if (Array.isArray(embedding)) {
    const list = embedding as readonly unknown[];
    // llama-server returns a list of vectors per input, with one vector if it pools.
    if (list.length === 1 && Array.isArray(list[0])) return vectorOf(list[0]);
    return Float32Array.from(list, (value) => finite(Math.fround(finite(value))));
  }
  if (typeof embedding !== 'string') throw new Error('A result of the response has no vector.');
  const bytes = Buffer.from(embedding, 'base64');
  if (bytes.length % 4 !== 0) throw new Error('A vector of the response is truncated.');
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => finite(bytes.readFloatLE(4 * i)));
}

function finite(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new Error('A value of the response is not a finite number.');
  return value;
}
