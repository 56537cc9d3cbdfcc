import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { UsageRecord } from '@xerotier/contracts/inference';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { markAsLine } from '../requests/batch-line.ts';

/** In the header of an injected request. The value is known to this process only, and used once. */
const TOKEN_HEADER = 'x-batch-line';
const TOKEN_BYTES = 18;

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
}

interface Pending {
  readonly keyId: string;
  usage: UsageRecord | undefined;
  response: ServerResponse | undefined;
}

/** Serves lines of batches as requests of their project, through the routes of the public API. */
@Injectable()
export class BatchLines {
  readonly #pending = new Map<string, Pending>();

  constructor(private readonly host: HttpAdapterHost) {}

  /** Responds as the API would. Once the signal is aborted, the line is cancelled like a request whose client is gone. */
  async respond({ projectId, keyId, path, body }: LineRequest, signal: AbortSignal): Promise<LineResponse> {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const line: Pending = { keyId, usage: undefined, response: undefined };
    const cancel = (): void => void line.response?.destroy();
    this.#pending.set(token, line);
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
      const response = await fastify.inject({
        method: 'POST',
        url: `/${projectId}${path}`,
        headers: { 'content-type': 'application/json', [TOKEN_HEADER]: token },
        payload: body,
      });
      const requestId = String(response.headers['x-request-id']);
      return { status: response.statusCode, requestId, body: response.rawPayload, usage: line.usage };
    } finally {
      this.#pending.delete(token);
      signal.removeEventListener('abort', cancel);
    }
  }

  /** Marks an injected request as the line that it is. Requests of clients have no token of this process. */
  recognize({ raw }: FastifyRequest, reply: FastifyReply): void {
    const token = raw.headers[TOKEN_HEADER];
    if (token === undefined || typeof token !== 'string') return;
    const line = this.#pending.get(token);
    if (line === undefined || line.response !== undefined) return;
    line.response = reply.raw;
    markAsLine(raw, { keyId: line.keyId, record: (record) => (line.usage = record) });
  }
}
