/** Log probabilities in the form of the specification: servers write infinities, and leave fields out. */
import { asObject } from './upstream-json.ts';

/** As OpenAI writes a token that was next to impossible. */
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

/** @returns null when there are none. The value is changed in place: it was parsed for this alone. */
export function readLogprobs(value: unknown): Logprobs | null {
  const told = asObject(value);
  if (told === undefined) return null;
  const content = entriesOf(told['content']);
  const refusal = entriesOf(told['refusal']);
  return told['content'] === undefined && told['refusal'] === undefined ? null : { content, refusal };
}

/** One after the other. */
export function joinedLogprobs(first: Logprobs | null, second: Logprobs | null): Logprobs | null {
  if (first === null || second === null) return first ?? second;
  return { content: joined(first.content, second.content), refusal: joined(first.refusal, second.refusal) };
}

/** Those of the last tokens, which make up `text`: what was before them was reasoning. */
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

function entriesOf(value: unknown): LogprobEntry[] | null {
  if (!Array.isArray(value)) return null;
  const entries = value.filter((entry): entry is LogprobEntry => asObject(entry) !== undefined);
  for (const entry of entries) {
    mend(entry);
    const top = Array.isArray(entry.top_logprobs) ? entry.top_logprobs : [];
    entry.top_logprobs = top.filter((each): each is LogprobEntry => asObject(each) !== undefined);
    for (const each of entry.top_logprobs as LogprobEntry[]) mend(each);
  }
  return entries;
}

function mend(entry: LogprobEntry): void {
  const { token, logprob } = entry;
  if (typeof token === 'string' && !token.isWellFormed()) entry.token = token.toWellFormed();
  if (typeof logprob !== 'number' || !(logprob >= LOGPROB_MIN) || logprob === Infinity) entry.logprob = LOGPROB_MIN;
  entry.bytes ??= null;
}
