/**
 * Counts the tokens of a prompt by `/tokenize` of vLLM, which renders the chat template as for a completion. Servers without it cannot
 * count: a completion of one token would compute the whole prompt, which nobody is charged for.
 */
import { AppError } from '@xerotier/errors';
import type { UpstreamClient } from './upstream-client.ts';
import { asObject } from './upstream-json.ts';
import type { Json } from './upstream-json.ts';

/** The response has the tokens, too. */
const RESPONSE_BYTES_MAX = 64 * 1_024 ** 2;
/** What prompts depend on, besides the model. */
const FIELDS = ['model', 'messages', 'tools', 'chat_template_kwargs'] as const;
/** How servers respond to an unknown path. */
const UNKNOWN_PATH: ReadonlySet<unknown> = new Set([404, 405, 501]);

/** @param body of the chat completion. @throws {AppError} `inference.task_unsupported`, or as `UpstreamClient.send`. */
export async function countUpstream(
  client: UpstreamClient,
  body: Json,
  { signal, timeoutMs }: { signal: AbortSignal; timeoutMs: number },
): Promise<number> {
  const count = asObject(await responseOf(client, body, { signal, timeoutMs }))?.['count'];
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) throw unsupported();
  return count;
}

async function responseOf(
  client: UpstreamClient,
  body: Json,
  { signal, timeoutMs }: { signal: AbortSignal; timeoutMs: number },
): Promise<unknown> {
  try {
    const response = await client.send({
      method: 'POST',
      path: '/tokenize',
      isBesideV1: true,
      body: Object.fromEntries(FIELDS.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]]]))),
      accept: 'application/json',
      signal,
      headersTimeoutMs: timeoutMs,
      idleTimeoutMs: timeoutMs,
    });
    return await client.readJson(response, RESPONSE_BYTES_MAX, signal);
  } catch (error) {
    throw AppError.is(error) && UNKNOWN_PATH.has(error.details['upstreamStatus']) ? unsupported(error) : error;
  }
}

function unsupported(cause?: AppError): AppError {
  return new AppError('inference.task_unsupported', { task: 'count tokens' }, { cause });
}
