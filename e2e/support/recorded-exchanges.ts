/** Recorded exchanges with the OpenAI API, without secrets and account ids; see ../fixtures/README.md. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Json = Readonly<Record<string, unknown>>;

export interface RecordedExchange {
  /** For test titles: the line in the file, and the uncommon parameters. */
  readonly title: string;
  /** `chat/completions` */
  readonly path: string;
  readonly request: Json;
  readonly stream: boolean;
  /** The response, or all chunks of its stream. */
  readonly response: readonly Json[];
}

interface Line {
  readonly request: { readonly url: string; readonly body: Json };
  readonly stream: boolean;
  readonly response: readonly Json[];
}

const BASE_URL = 'https://api.openai.com/v1/';
/** Parameters that most requests have. */
const COMMON: ReadonlySet<string> = new Set(['model', 'messages', 'stream', 'stream_options', 'input']);

const IMAGE = 'data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=';

/** Gives linked images content, since tests reach no public address (linked-images.e2e.ts tests links). */
function withoutLinks(name: string, value: unknown): unknown {
  return name === 'image_url' ? { ...(value as object), url: IMAGE } : value;
}

const all: readonly RecordedExchange[] = readFileSync(
  join(import.meta.dirname, '../fixtures/recorded-openai-exchanges.jsonl'),
  'utf8',
)
  .trimEnd()
  .split('\n')
  .map((text, i) => {
    const { request, stream, response } = JSON.parse(text, withoutLinks) as Line;
    const uncommon = Object.keys(request.body).filter((name) => !COMMON.has(name));
    const kind = stream ? 'stream' : 'response';
    return {
      title: `${kind} in line ${i + 1}${uncommon.length === 0 ? '' : ` (${uncommon.join(', ')})`}`,
      path: request.url.slice(BASE_URL.length),
      request: request.body,
      stream,
      response,
    };
  });

export const recordedChats = all.filter(({ path }) => path === 'chat/completions');
export const recordedEmbeddings = all.filter(({ path }) => path === 'embeddings');
