/** Selects a model of the server. */
import { AppError } from '@xerotier/errors';
import { EngineMisconfiguredError } from '../engine.ts';
import type { UpstreamClient } from './upstream-client.ts';
import { contextTokensIn } from './upstream-context.ts';

const TIMEOUT_MS = 10_000;
const LIST_BYTES_MAX = 4 * 2 ** 20;

export interface UpstreamModel {
  readonly id: string;
  /** Absent when the server does not report it. */
  readonly contextTokens?: number;
  /** Whether the server takes a `cache_salt`. */
  readonly isSalted?: boolean;
}

/** `owned_by` of the servers that take a `cache_salt`. Others may reject a request with a field that they do not know. */
const SALTED: ReadonlySet<unknown> = new Set(['vllm', 'sglang']);

/** Statuses of servers without a list of models: TEI, some gateways. */
const WITHOUT_LIST: ReadonlySet<unknown> = new Set([404, 405, 501]);

/**
 * Finds the model of the given name, or else the first model that the server lists. Without a list of models, the name is
 * required.
 * @throws an Error for the operator; {@link EngineMisconfiguredError} when the server rejects the key.
 */
export async function findModel(
  client: UpstreamClient,
  name: string | undefined,
  signal: AbortSignal,
): Promise<UpstreamModel> {
  try {
    return chooseModel(await listModels(client, signal), name);
  } catch (error) {
    const status = AppError.is(error) ? error.details['upstreamStatus'] : undefined;
    if (status === 401 || status === 403) {
      throw new EngineMisconfiguredError(
        `The server at XIM_UPSTREAM_URL rejects the key (${status}). Set XIM_UPSTREAM_KEY to one that it accepts.`,
        { cause: error },
      );
    }
    if (!WITHOUT_LIST.has(status)) throw error;
    if (name !== undefined) return { id: name };
    throw new Error(
      `The server at XIM_UPSTREAM_URL does not list its models (${String(status)} for /models). Set XIM_UPSTREAM_MODEL, or correct the URL, which usually ends in /v1.`,
    );
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
    const { id, owned_by: owner } = (entry ?? {}) as { id?: unknown; owned_by?: unknown };
    if (typeof id !== 'string' || id === '') return [];
    const contextTokens = contextTokensIn(entry);
    const isSalted = SALTED.has(owner);
    return [{ id, ...(contextTokens !== undefined && { contextTokens }), ...(isSalted && { isSalted }) }];
  });
}

/** A model that is not listed is used nevertheless: not every server lists all of its models. */
function chooseModel(models: readonly UpstreamModel[], name: string | undefined): UpstreamModel {
  if (name !== undefined) return models.find(({ id }) => id === name) ?? { id: name };
  const first = models[0];
  if (first === undefined)
    throw new Error('The server lists no models. Set XIM_UPSTREAM_MODEL, or load a model on the server.');
  return first;
}
