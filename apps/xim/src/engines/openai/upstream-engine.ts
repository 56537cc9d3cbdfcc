/** The base of engines that use an OpenAI-compatible server: its URL, its model and its connections. */
import type { TokenUsage } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import type { OpenaiConfig } from '../engine-config.ts';
import type { Engine } from '../engine.ts';
import { cacheSaltOf } from './cache-salt.ts';
import { UpstreamClient } from './upstream-client.ts';
import { findModel } from './upstream-models.ts';
import type { UpstreamModel } from './upstream-models.ts';

export abstract class UpstreamEngine implements Engine {
  readonly name: OpenaiConfig['name'];
  readonly slots: number;
  readonly fingerprint = undefined;
  protected readonly config: OpenaiConfig;
  protected readonly client: UpstreamClient;
  readonly #closing = new AbortController();
  #model: UpstreamModel | undefined;

  constructor(config: OpenaiConfig) {
    this.config = config;
    this.name = config.name;
    this.slots = config.slots;
    this.client = new UpstreamClient({
      baseUrl: config.baseUrl,
      apiKey: config.apiKey,
      connections: config.slots + 1,
    });
  }

  /** Undefined when it is neither configured nor reported by the server, and until the first successful check. */
  get contextTokens(): number | undefined {
    return this.config.contextTokens ?? this.#model?.contextTokens;
  }

  async check(signal: AbortSignal): Promise<void> {
    this.#model = await findModel(this.client, this.config.model, AbortSignal.any([signal, this.closing]));
  }

  async close(): Promise<void> {
    this.#closing.abort(new AppError('worker.draining'));
    await this.client.close();
  }

  /** Aborted once the engine is closed. */
  protected get closing(): AbortSignal {
    return this.#closing.signal;
  }

  protected get modelName(): string {
    const name = this.#model?.id ?? this.config.model;
    if (name === undefined) throw new Error('The engine was used before its first check.');
    return name;
  }

  /** Returns the fields of a request that keep the cached prefixes of one tenant from others; none for servers without them. */
  protected saltFields(salt: string): { cache_salt?: string } {
    return this.#model?.isSalted === true ? { cache_salt: cacheSaltOf(this.config.cacheSaltSecret, salt) } : {};
  }

  /** Translates an error of an exchange with the server. */
  protected errorOf(error: unknown, exchange: AbortSignal, usage: TokenUsage): unknown {
    if (this.closing.aborted) return new AppError('worker.draining', { usage });
    return this.client.failure(error, exchange);
  }
}

/** One request to the server and its response. */
export class UpstreamExchange {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal;
  readonly #abort = (): void => this.#controller.abort(this.#caller.reason);

  /** @param caller aborts the exchange, with its reason. */
  constructor(caller: AbortSignal) {
    this.#caller = caller;
    caller.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the exchange, and closes its connection unless the response is complete. */
  end(): void {
    this.#caller.removeEventListener('abort', this.#abort);
    this.#controller.abort();
  }
}
