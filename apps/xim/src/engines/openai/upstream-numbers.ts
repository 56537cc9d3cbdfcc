/** Vectors and scores in the responses of a server, which may come in any order, in several shapes and in two encodings. */
import type { TokenUsage } from '@xerotier/contracts/inference';
import { asObject } from './upstream-json.ts';
import type { Json } from './upstream-json.ts';
import { readInputUsage } from './upstream-usage.ts';

export interface UpstreamNumbers<T> {
  readonly values: readonly T[];
  readonly usage: TokenUsage;
}

/**
 * The response of `/embeddings`: of the specification, or a bare list (TEI, llama-server).
 * @throws {Error} when it does not have a vector of numbers for each of the inputs, all of one size.
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
 * The response of `/rerank` or `/score`: of Cohere and Jina (`results`), of vLLM (`data`), or a bare list (TEI), with scores
 * called `relevance_score` or `score`.
 * @throws {Error} when it does not have a score for each of the texts.
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

/** Without an index, results are in the order of what was asked. */
function inOrder<T>(entries: readonly unknown[], count: number, read: (entry: unknown) => T): T[] {
  const values = new Map<number, T>();
  for (const [at, entry] of entries.entries()) {
    const json: Json | undefined = asObject(entry);
    const index = json?.['index'] ?? at;
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count || values.has(index))
      throw new Error('A result of the response belongs to nothing that was asked.');
    values.set(index, read(entry));
  }
  if (values.size !== count) throw new Error(`The response has ${values.size} results instead of ${count}.`);
  return Array.from({ length: count }, (_, index) => values.get(index) as T);
}

/** Numbers, which are asked for, or base64 of little-endian float32, which some servers send all the same. */
function vectorOf(embedding: unknown): Float32Array {
  if (Array.isArray(embedding)) {
    const list = embedding as readonly unknown[];
    // llama-server has a list of vectors for each input, one where it pools.
    if (list.length === 1 && Array.isArray(list[0])) return vectorOf(list[0]);
    return Float32Array.from(list, (value) => finite(Math.fround(finite(value))));
  }
  if (typeof embedding !== 'string') throw new Error('A result of the response has no vector.');
  const bytes = Buffer.from(embedding, 'base64');
  if (bytes.length % 4 !== 0) throw new Error('A vector of the response is cut off.');
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => finite(bytes.readFloatLE(4 * i)));
}

function finite(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error('A number of the response is none.');
  return value;
}
