import { Injectable } from '@nestjs/common';
import { batchLinesContract } from '@xerotier/contracts/gateway';
import type { UsageRecord } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import { Bus, SharedInput } from '@xerotier/nats';
import type { OpenStream, StreamSink } from '@xerotier/nats';
import type { Batch } from '../batches/batch.entity.ts';
import type { Line } from '../lines/line.ts';
import type { z } from 'zod';

export interface LineResponse {
  readonly status: number;
  readonly requestId: string;
  readonly body: Buffer;
  /** Undefined if nothing was computed. */
  readonly usage: UsageRecord | undefined;
  /** How long it took, in milliseconds, and how much of that it waited for a worker. */
  readonly totalMs: number;
  readonly waitedMs: number;
  /** Of each input to embed, if they are known. */
  readonly inputTokens: readonly number[] | undefined;
}

const { respond } = batchLinesContract.operations;
type LineInput = z.input<typeof respond.input>;

/** Longer than the longest request of a gateway. */
const DEADLINE_MS = 3_600_000;
/** Of one line: its response is kept in memory until it is committed. */
const RESPONSE_BYTES_MAX = 32 * 1_024 ** 2;
/** Of a line that shares a message with others; 32 of them, escaped, fit into one. */
const SHARED_BYTES_MAX = 8 * 1_024;

/** A line has a response that cannot be kept. */
export class ResponseTooLargeError extends Error {
  override readonly name = 'ResponseTooLargeError';

  constructor() {
    super(`The response of a line is larger than ${RESPONSE_BYTES_MAX} bytes`);
  }
}

/** Runs lines on the gateways. */
@Injectable()
export class LineCaller {
  readonly #shared = new WeakMap<Batch, SharedInput<LineInput>>();

  constructor(private readonly bus: Bus) {}

  /**
   * Short lines that a batch calls in one turn of the event loop share a message. Once the signal is aborted, the line is cancelled.
   * @throws {ResponseTooLargeError}
   * @throws {AppError} `bus.*`; the reason of the signal.
   */
  call(batch: Batch, { url, body }: Pick<Line, 'url' | 'body'>, signal: AbortSignal): Promise<LineResponse> {
    signal.throwIfAborted();
    const begunAt = performance.now();
    return new Promise((resolve, reject) => {
      let head: { readonly status: number; readonly requestId: string } | undefined;
      const chunks: Buffer[] = [];
      let bytes = 0;
      const settled = (settle: () => void): void => {
        signal.removeEventListener('abort', abort);
        settle();
      };
      const stream = this.#open(
        batch,
        { path: url, body: JSON.stringify(body) },
        {
          head: (received) => (head = received),
          data: (payload) => {
            bytes += payload.length;
            if (bytes <= RESPONSE_BYTES_MAX) chunks.push(Buffer.from(payload));
            else stream.cancel();
          },
          end: ({ usage, waitedMs, inputTokens }) =>
            settled(() => {
              if (bytes > RESPONSE_BYTES_MAX) reject(new ResponseTooLargeError());
              else if (head === undefined)
                reject(new AppError('internal', {}, { cause: new Error('The response of a line has no head') }));
              else
                resolve({
                  ...head,
                  body: Buffer.concat(chunks),
                  usage,
                  totalMs: performance.now() - begunAt,
                  waitedMs,
                  inputTokens,
                });
            }),
          error: (error) => settled(() => reject(bytes > RESPONSE_BYTES_MAX ? new ResponseTooLargeError() : error)),
        },
      );
      const abort = (): void =>
        settled(() => {
          stream.abandon();
          reject(AppError.from(signal.reason));
        });
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  #open(batch: Batch, line: Pick<LineInput, 'path' | 'body'>, sink: StreamSink<typeof respond>): OpenStream {
    const { projectId, keyId } = batch;
    const options = { deadlineMs: DEADLINE_MS };
    if (Buffer.byteLength(line.body) > SHARED_BYTES_MAX)
      return this.bus.open(respond, { projectId, keyId, ...line }, sink, options);
    const shared = this.#shared.get(batch) ?? new SharedInput<LineInput>({ projectId, keyId });
    this.#shared.set(batch, shared);
    return this.bus.openShared(respond, shared, { ...line }, sink, options);
  }
}
