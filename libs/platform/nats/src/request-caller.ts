/**
 * Request/reply over one shared reply subscription. The NATS client has the same, but captures a stack trace for every
 * request, including successful ones, which took a sixteenth of the gateway's time.
 */
import type { Msg, MsgHdrs, NatsConnection, Subscription } from '@nats-io/nats-core';
import { AppError } from '@xerotier/errors';
import { InFlightMap } from '@xerotier/in-flight';
import { randomId48 } from '@xerotier/random';

interface PendingCall {
  readonly subject: string;
  readonly resolve: (reply: Msg) => void;
  readonly reject: (error: AppError) => void;
  readonly timer: NodeJS.Timeout;
}

export interface RequestOptions {
  readonly timeoutMs: number;
  readonly headers?: MsgHdrs;
}

const NO_RESPONDERS = 503;

export class RequestCaller {
  readonly #nats: NatsConnection;
  readonly #inbox: string;
  readonly #pending = new InFlightMap<string, PendingCall>();
  readonly #subscription: Subscription;

  constructor(nats: NatsConnection, inboxPrefix: string) {
    this.#nats = nats;
    this.#inbox = `${inboxPrefix}.r.`;
    this.#subscription = nats.subscribe(`${this.#inbox}*`, { callback: (_error, message) => this.#onReply(message) });
  }

  /** Requests without a response yet. */
  get pending(): number {
    return this.#pending.size;
  }

  /**
   * Sends a request and returns the first reply.
   * @throws {AppError} `bus.no_responders`, `bus.timeout` or `bus.disconnected`.
   */
  send(subject: string, data: Uint8Array, { timeoutMs, headers }: RequestOptions): Promise<Msg> {
    return new Promise((resolve, reject) => {
      const reply = `${this.#inbox}${randomId48().toString(36)}`;
      const timer = setTimeout(() => this.#settle(reply)?.reject(new AppError('bus.timeout', { subject })), timeoutMs);
      this.#pending.set(reply, { subject, resolve, reject, timer });
      try {
        this.#nats.publish(subject, data, { reply, ...(headers !== undefined && { headers }) });
      } catch (cause) {
        this.#settle(reply)?.reject(new AppError('bus.disconnected', {}, { cause }));
      }
    });
  }

  close(): void {
    this.#subscription.unsubscribe();
    for (const reply of [...this.#pending.keys()]) this.#settle(reply)?.reject(new AppError('bus.disconnected'));
  }

  #onReply(message: Msg): void {
    const pending = this.#settle(message.subject);
    if (pending === undefined) return;
    if (message.data.length === 0 && message.headers?.code === NO_RESPONDERS) {
      pending.reject(new AppError('bus.no_responders', { subject: pending.subject }));
    } else pending.resolve(message);
  }

  #settle(reply: string): PendingCall | undefined {
    const pending = this.#pending.get(reply);
    if (pending === undefined) return undefined;
    this.#pending.delete(reply);
    clearTimeout(pending.timer);
    return pending;
  }
}
