/** A request that has come as a message of a WebSocket: it has an id, metrics, a span, and a line in the access log, like any other. */
import { withLogContext } from '@xerotier/log';
import type { LogContext, Logger } from '@xerotier/log';
import type { FastifyRequest } from 'fastify';
import { beginLine, endRequest } from './access-log.ts';
import type { DescribedRequest } from './access-log.ts';
import { contextOf } from './request-context.ts';
import { measureRequest } from './request-telemetry.ts';

/** Everything but the id is that of the request that has opened the WebSocket. */
export class SocketRequest implements DescribedRequest {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly headers: FastifyRequest['headers'];
  readonly ip: string;
  readonly params: unknown;
  readonly routeOptions: FastifyRequest['routeOptions'];
  readonly clientRequestId?: string;
  readonly #context: LogContext;

  constructor(id: string, upgrade: FastifyRequest, log: Logger) {
    this.id = id;
    this.method = upgrade.method;
    this.url = upgrade.url;
    this.headers = upgrade.headers;
    this.ip = upgrade.ip;
    this.params = upgrade.params;
    this.routeOptions = upgrade.routeOptions;
    if (upgrade.clientRequestId !== undefined) this.clientRequestId = upgrade.clientRequestId;
    beginLine(log, this);
    measureRequest(this);
    const context = contextOf(this);
    this.#context =
      this.clientRequestId === undefined ? context : { ...context, clientRequestId: this.clientRequestId };
  }

  /** What the log and hooks keep their notes with. */
  get raw(): this {
    return this;
  }

  /** Runs `work` in the context of this request: what is logged and called has its id. */
  run<T>(work: () => T): T {
    return withLogContext(this.#context, work);
  }

  /**
   * Ends the request, once.
   * @param status that a response over HTTP would have; undefined if the client has disconnected before there was one.
   */
  end(status: number | undefined, isComplete: boolean): void {
    endRequest(this, status, isComplete);
  }
}
