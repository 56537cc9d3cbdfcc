const BODY_BYTES_MAX = 1024 * 1024;

/** Seconds for one request to a provider, its body included. */
export const PROVIDER_TIMEOUT_SECONDS = 4;

/**
 * `fetch` for requests to a provider: it follows no redirect, so that credentials go to the configured host only, and reads at most
 * 1 MiB. The caller's signal bounds the time.
 */
export async function providerFetch(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...options, redirect: 'manual' });
  const { status, statusText, headers } = response;
  const body = response.body === null ? null : await bodyOf(response.body);
  return new Response(body === null || body.length === 0 ? null : body, { status, statusText, headers });
}

/** @throws {RangeError} if it is too long. */
async function bodyOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > BODY_BYTES_MAX) throw new RangeError(`The provider has sent more than ${BODY_BYTES_MAX} bytes.`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
