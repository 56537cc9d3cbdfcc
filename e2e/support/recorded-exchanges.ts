/** Exchanges with the real OpenAI API; see ../fixtures/README.md. Secrets and ids of accounts are not in them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Json = Readonly<Record<string, unknown>>;

export interface RecordedExchange {
  /** What a test is called by: its line in the file, and what is special about it. */
  readonly title: string;
  /** `chat/completions` */
  readonly path: string;
  readonly request: Json;
  readonly stream: boolean;
  /** The answer, or all chunks of its stream. */
  readonly response: readonly Json[];
}

interface Line {
  readonly request: { readonly url: string; readonly body: Json };
  readonly stream: boolean;
  readonly response: readonly Json[];
}

const BASE_URL = 'https://api.openai.com/v1/';
/** Parameters that most requests have, and that tell nothing about one of them. */
const COMMON: ReadonlySet<string> = new Set(['model', 'messages', 'stream', 'stream_options', 'input']);

const all: readonly RecordedExchange[] = readFileSync(
  join(import.meta.dirname, '../fixtures/recorded-openai-exchanges.jsonl'),
  'utf8',
)
  .trimEnd()
  .split('\n')
  .map((text, i) => {
    const { request, stream, response } = JSON.parse(text) as Line;
    const special = Object.keys(request.body).filter((name) => !COMMON.has(name));
    const kind = stream ? 'stream' : 'answer';
    return {
      title: `${kind} in line ${i + 1}${special.length === 0 ? '' : ` (${special.join(', ')})`}`,
      path: request.url.slice(BASE_URL.length),
      request: request.body,
      stream,
      response,
    };
  });

export const recordedChats = all.filter(({ path }) => path === 'chat/completions');
export const recordedEmbeddings = all.filter(({ path }) => path === 'embeddings');
