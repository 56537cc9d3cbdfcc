/** Asks a server which models it has, until it is up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@xerotier/errors';
import type { UpstreamClient } from './upstream-client.ts';

const TIMEOUT_MS = 10_000;
const LIST_BYTES_MAX = 4 * 2 ** 20;

export interface UpstreamModel {
  readonly id: string;
  /** As vLLM and SGLang list it. */
  readonly contextTokens?: number;
}

export interface Attempts {
  readonly attemptsMax: number;
  readonly pauseMs: number;
  readonly signal: AbortSignal;
}

/**
 * The model of the given name (with what the server says of it), or the first that the server lists.
 * @throws an Error for the operator: at once when trying again cannot help (a wrong key, a wrong address), otherwise
 * after the last attempt.
 */
export async function findModel(
  client: UpstreamClient,
  name: string | undefined,
  attempts: Attempts,
): Promise<UpstreamModel> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return chooseModel(await listModels(client, attempts.signal), name);
    } catch (error) {
      attempts.signal.throwIfAborted();
      const hopeless = hopelessReason(error);
      if (hopeless !== undefined) throw new Error(hopeless, { cause: error });
      if (attempt >= attempts.attemptsMax) {
        throw new Error(
          `The server at XIM_UPSTREAM_URL was not ready after ${attempt} attempts. Is it running, and reachable from here?`,
          { cause: error },
        );
      }
    }
    await sleep(attempts.pauseMs, undefined, { signal: attempts.signal });
  }
}

async function listModels(client: UpstreamClient, signal: AbortSignal): Promise<UpstreamModel[]> {
  const response = await client.send({
    method: 'GET',
    path: '/models',
    accept: 'application/json',
    signal,
    headersTimeoutMs: TIMEOUT_MS,
    idleTimeoutMs: TIMEOUT_MS,
  });
  const json = (await client.readJson(response, LIST_BYTES_MAX, signal)) as { data?: unknown } | null;
  const entries: unknown[] = Array.isArray(json?.data) ? json.data : [];
  return entries.flatMap((entry) => {
    const { id, max_model_len: length } = (entry ?? {}) as { id?: unknown; max_model_len?: unknown };
    if (typeof id !== 'string' || id === '') return [];
    return [{ id, ...(Number.isSafeInteger(length) && (length as number) > 0 && { contextTokens: length as number }) }];
  });
}

/** A model that is not listed is tried all the same: not every server lists all it has. */
function chooseModel(models: readonly UpstreamModel[], name: string | undefined): UpstreamModel {
  if (name !== undefined) return models.find(({ id }) => id === name) ?? { id: name };
  const first = models[0];
  if (first === undefined) throw new Error('The server lists no model. Set XIM_UPSTREAM_MODEL, or load one there.');
  return first;
}

function hopelessReason(error: unknown): string | undefined {
  const status = AppError.is(error) ? error.details['upstreamStatus'] : undefined;
  if (status === 401 || status === 403)
    return `The server at XIM_UPSTREAM_URL refuses the key (${status}). Set XIM_UPSTREAM_KEY to one that it knows.`;
  if (status === 404)
    return 'The server at XIM_UPSTREAM_URL has no /models below this address. The address has to end in /v1.';
  return undefined;
}
