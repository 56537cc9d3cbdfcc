import type { PlatformDescription } from './platform.ts';

const ATTEMPTS_MAX = 60;
const PAUSE_MS = 250;

/**
 * Waits until the public API returns a first token.
 * @throws {Error} with the last response.
 */
export async function waitForFirstToken({
  baseUrl,
  projectId,
  endpointSlug,
  apiKey,
  model,
}: PlatformDescription): Promise<void> {
  let last = '';
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const response = await fetch(`${baseUrl}/${projectId}/${endpointSlug}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], max_tokens: 1 }),
    }).catch((error: unknown) => String(error));
    if (typeof response !== 'string' && response.ok) return;
    last = typeof response === 'string' ? response : await response.text();
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  throw new Error(`The API returned no token. Last response: ${last}`);
}
