/** Normalizes log probabilities to the specification: servers send infinities and omit fields. */
import { asObject } from './upstream-json.ts';

/** OpenAI's value for a very unlikely token. */
const LOGPROB_MIN = -9_999;

export interface Logprobs {
  readonly content: LogprobEntry[] | null;
  readonly refusal: LogprobEntry[] | null;
}

interface LogprobEntry {
  token?: unknown;
  logprob?: unknown;
  bytes?: unknown;
  top_logprobs?: unknown;
}

/**
 * Normalizes the parsed value in place.
 * @param topMax maximum number of alternatives of a token: some servers send more than requested.
 * @returns null when there are no log probabilities.
 */
export function readLogprobs(value: unknown, topMax: number): Logprobs | null {
  const logprobs = asObject(value);
  if (logprobs === undefined) return null;
  const content = entriesOf(logprobs['content'], topMax);
  const refusal = entriesOf(logprobs['refusal'], topMax);
  return logprobs['content'] === undefined && logprobs['refusal'] === undefined ? null : { content, refusal };
}

/** Concatenates the log probabilities. */
export function joinedLogprobs(first: Logprobs | null, second: Logprobs | null): Logprobs | null {
  if (first === null || second === null) return first ?? second;
  return { content: joined(first.content, second.content), refusal: joined(first.refusal, second.refusal) };
}

/** Returns the log probabilities of the last tokens, which make up `text`; the earlier ones are those of reasoning. */
export function logprobsOfText(logprobs: Logprobs, text: string): Logprobs {
  if (logprobs.content === null) return logprobs;
  let left = text.length;
  let from = logprobs.content.length;
  while (from > 0 && left > 0) left -= String(logprobs.content[--from]?.token).length;
  return { ...logprobs, content: logprobs.content.slice(from) };
}

function joined(first: LogprobEntry[] | null, second: LogprobEntry[] | null): LogprobEntry[] | null {
  return first === null || second === null ? (first ?? second) : [...first, ...second];
}

function entriesOf(value: unknown, topMax: number): LogprobEntry[] | null {
  if (!Array.isArray(value)) return null;
  const entries = value.filter((entry): entry is LogprobEntry => asObject(entry) !== undefined);
  for (const entry of entries) {
    normalize(entry);
    const top = Array.isArray(entry.top_logprobs) ? entry.top_logprobs : [];
    entry.top_logprobs = top.filter((each): each is LogprobEntry => asObject(each) !== undefined).slice(0, topMax);
    for (const each of entry.top_logprobs as LogprobEntry[]) normalize(each);
  }
  return entries;
}

function normalize(entry: LogprobEntry): void {
  const { token, logprob } = entry;
  if (typeof token === 'string' && !token.isWellFormed()) entry.token = token.toWellFormed();
  if (typeof logprob !== 'number' || !(logprob >= LOGPROB_MIN) || logprob === Infinity) entry.logprob = LOGPROB_MIN;
  entry.bytes ??= null;
}
