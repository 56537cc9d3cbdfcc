/** The public response of an embedding request, as JSON text. */
import { encodeVector } from '@xerotier/contracts/xim';
import type { TokenUsage } from '@xerotier/contracts/inference';

export interface EmbeddingResponseParts {
  readonly model: string;
  readonly vectors: readonly Float32Array[];
  readonly format: 'float' | 'base64';
  readonly usage: TokenUsage;
}

/** Number of vectors per event-loop iteration. A list may be 40 MB of text, which would block other requests. */
const BATCH = 32;

export async function embeddingResponse({ model, vectors, format, usage }: EmbeddingResponseParts): Promise<string> {
  const entries: string[] = [];
  for (const [index, vector] of vectors.entries()) {
    entries.push(`{"object":"embedding","index":${index},"embedding":${embeddingText(vector, format)}}`);
    if (index % BATCH === BATCH - 1) await new Promise((resolve) => setImmediate(resolve));
  }
  const { promptTokens } = usage;
  const publicUsage = { prompt_tokens: promptTokens, total_tokens: promptTokens };
  return `{"object":"list","data":[${entries.join(',')}],"model":${JSON.stringify(model)},"usage":${JSON.stringify(publicUsage)}}`;
}

/** Both formats are exact: numbers are serialized with all their digits. */
function embeddingText(vector: Float32Array, format: 'float' | 'base64'): string {
  return format === 'float' ? `[${vector.join(',')}]` : `"${Buffer.from(encodeVector(vector)).toString('base64')}"`;
}
