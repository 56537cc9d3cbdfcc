/** Asks a server which models it has. */
import { AppError } from '@xerotier/errors';
import { EngineMisconfiguredError } from '../engine.ts';
import type { UpstreamClient } from './upstream-client.ts';
import { contextTokensIn } from './upstream-context.ts';

const TIMEOUT_MS = 10_000;
const LIST_BYTES_MAX = 4 * 2 ** 20;

export interface UpstreamModel {
  readonly id: string;
  /** Absent when the server does not say. */
  readonly contextTokens?: number;
}

/** Statuses of servers that have no list of models: TEI, some gateways. */
const WITHOUT_LIST: ReadonlySet<unknown> = new Set([404, 405, 501]);

/**
 * The model of the given name with what the server says of it, or else the first that the server lists. A server without a
 * list of models is fine as long as the model has a name.
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
      `The server at XIM_UPSTREAM_URL has no /models (${String(status)}): set XIM_UPSTREAM_MODEL, unless the address is wrong. It usually ends in /v1.`,
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
    const { id } = (entry ?? {}) as { id?: unknown };
    if (typeof id !== 'string' || id === '') return [];
    const contextTokens = contextTokensIn(entry);
    return [{ id, ...(contextTokens !== undefined && { contextTokens }) }];
  });
}

/** A model that is not listed is tried all the same: not every server lists all it has. */
function chooseModel(models: readonly UpstreamModel[], name: string | undefined): UpstreamModel {
  if (name !== undefined) return models.find(({ id }) => id === name) ?? { id: name };
  const first = models[0];
  if (first === undefined) throw new Error('The server lists no model. Set XIM_UPSTREAM_MODEL, or load one there.');
  return first;
}
