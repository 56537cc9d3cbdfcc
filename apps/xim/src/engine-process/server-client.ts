/** Asks a supervised server for its health and its metrics. */
import { readText, UpstreamClient } from '../engines/openai/upstream-client.ts';
import type { Recipe } from './recipe.ts';
import { loadIn } from './server-load.ts';
import type { ServerLoad } from './server-load.ts';

const METRICS_BYTES_MAX = 4 * 2 ** 20;

export interface ServerObserver {
  /** Rejects unless the server says that it can compute. */
  checkHealth(signal: AbortSignal): Promise<void>;
  /** @throws an Error when the server does not export its metrics, or too many. */
  readLoad(signal: AbortSignal): Promise<ServerLoad>;
  close(): Promise<void>;
}

export class ServerClient implements ServerObserver {
  readonly #recipe: Recipe;
  readonly #client: UpstreamClient;

  constructor(recipe: Recipe, baseUrl: string, apiKey: string) {
    this.#recipe = recipe;
    this.#client = new UpstreamClient({ baseUrl, apiKey, connections: 1 });
  }

  async checkHealth(signal: AbortSignal): Promise<void> {
    await this.#text(this.#recipe.healthPath, signal);
  }

  async readLoad(signal: AbortSignal): Promise<ServerLoad> {
    return loadIn(await this.#text('/metrics', signal), this.#recipe.metrics);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #text(path: string, signal: AbortSignal): Promise<string> {
    const { body } = await this.#client.send({
      method: 'GET',
      path,
      isBesideV1: true,
      accept: '*/*',
      signal,
      // The signal ends it.
      headersTimeoutMs: 0,
      idleTimeoutMs: 0,
    });
    return readText(body, METRICS_BYTES_MAX);
  }
}
