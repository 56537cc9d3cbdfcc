import { Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { UsageRecord } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import type { FastifyInstance } from 'fastify';
import { once } from 'node:events';
import { lineExchange } from './line-exchange.ts';

export interface LineRequest {
  readonly projectId: string;
  readonly keyId: string;
  /** Such as `/v1/chat/completions`. */
  readonly path: string;
  /** JSON. */
  readonly body: string;
}

export interface LineResponse {
  readonly status: number;
  readonly requestId: string;
  readonly body: Buffer;
  /** Undefined if nothing was computed. */
  readonly usage: UsageRecord | undefined;
  /** How long it waited for a worker, in milliseconds; 0 if none was needed. */
  readonly waitedMs: number;
  /** Of each input to embed, if they are known. */
  readonly inputTokens: readonly number[] | undefined;
}

/** Serves lines of batches as requests of their project, through the routes of the public API. */
@Injectable()
export class BatchLines implements OnApplicationBootstrap {
  readonly #ready = Promise.withResolvers<FastifyInstance>();

  constructor(private readonly host: HttpAdapterHost) {}

  /** The bus may have lines before there are routes. Not awaited, since Fastify waits for the end of this. */
  onApplicationBootstrap(): void {
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    fastify.ready().then(() => this.#ready.resolve(fastify), this.#ready.reject);
  }

  /**
   * Responds as the API would. Once the signal is aborted, the line is cancelled like a request whose client is gone.
   * @throws {AppError} `inference.cancelled`.
   */
  async respond({ projectId, keyId, path, body }: LineRequest, signal: AbortSignal): Promise<LineResponse> {
    const arrivedAt = performance.now();
    let usage: UsageRecord | undefined;
    let waitedMs = 0;
    let inputTokens: readonly number[] | undefined;
    const exchange = lineExchange(`/${projectId}${path}`, Buffer.from(body), {
      keyId,
      record: (record) => (usage = record),
      placed: () => (waitedMs ||= Math.ceil(performance.now() - arrivedAt)),
      counted: (tokens) => (inputTokens = tokens),
    });
    const { request, response } = exchange;
    const closed = once(response, 'close');
    const cancel = (): void => void response.destroy();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const fastify = await this.#ready.promise;
      signal.throwIfAborted();
      fastify.routing(request, response);
      await closed;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
    if (!response.writableFinished) throw new AppError('inference.cancelled');
    const requestId = String(response.getHeader('x-request-id'));
    return { status: response.statusCode, requestId, body: exchange.body(), usage, waitedMs, inputTokens };
  }
}
