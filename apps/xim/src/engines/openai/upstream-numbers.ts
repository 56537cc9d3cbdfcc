/** Vectors and scores in the answers of an OpenAI-compatible server, which may come in any order and in two encodings. */
import type { TokenUsage } from '@xerotier/contracts';
import { readUsage } from './upstream-usage.ts';

export interface UpstreamNumbers<T> {
  readonly values: readonly T[];
  /** Absent when the server does not say. */
  readonly usage: TokenUsage | undefined;
}

/** @throws {Error} when the answer does not have a vector of numbers for each of the inputs, all of one size. */
export function readEmbeddings(answer: unknown, count: number): UpstreamNumbers<Float32Array> {
  const { data, usage } = asRecord(answer);
  const values = inOrder(data, count, ({ embedding }) => vectorOf(embedding));
  const size = values[0]?.length;
  if (values.some((vector) => vector.length === 0 || vector.length !== size))
    throw new Error('The vectors of the answer have different sizes.');
  return { values, usage: readUsage(usage) };
}

/** The answer of `/rerank`. @throws {Error} when it does not have a score for each of the documents. */
export function readRerank(answer: unknown, count: number): UpstreamNumbers<number> {
  const { results, usage } = asRecord(answer);
  return { values: inOrder(results, count, ({ relevance_score: score }) => finite(score)), usage: readUsage(usage) };
}

/** The answer of `/score`. @throws {Error} when it does not have a score for each of the pairs. */
export function readScores(answer: unknown, count: number): UpstreamNumbers<number> {
  const { data, usage } = asRecord(answer);
  return { values: inOrder(data, count, ({ score }) => finite(score)), usage: readUsage(usage) };
}

type Json = Readonly<Record<string, unknown>>;

function inOrder<T>(entries: unknown, count: number, read: (entry: Json) => T): T[] {
  if (!Array.isArray(entries)) throw new Error('The answer has no list of results.');
  const values = new Map<number, T>();
  for (const [at, entry] of entries.entries()) {
    const json = asRecord(entry);
    const index = json['index'] ?? at;
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count || values.has(index))
      throw new Error('A result of the answer belongs to nothing that was asked.');
    values.set(index, read(json));
  }
  if (values.size !== count) throw new Error(`The answer has ${values.size} results instead of ${count}.`);
  return Array.from({ length: count }, (_, index) => values.get(index) as T);
}

/** Base64 of little-endian float32, which is asked for, or numbers, which some servers send all the same. */
function vectorOf(embedding: unknown): Float32Array {
  if (Array.isArray(embedding))
    return Float32Array.from(embedding as readonly unknown[], (value) => finite(Math.fround(finite(value))));
  if (typeof embedding !== 'string') throw new Error('A result of the answer has no vector.');
  const bytes = Buffer.from(embedding, 'base64');
  if (bytes.length % 4 !== 0) throw new Error('A vector of the answer is cut off.');
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => finite(bytes.readFloatLE(4 * i)));
}

function finite(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error('A number of the answer is none.');
  return value;
}

function asRecord(value: unknown): Json {
  if (typeof value !== 'object' || value === null) throw new Error('The answer is not an object.');
  return value as Json;
}
