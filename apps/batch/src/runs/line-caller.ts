import { Injectable } from '@nestjs/common';
import { batchLinesContract } from '@xerotier/contracts/gateway';
import type { UsageRecord } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import type { OpenStream } from '@xerotier/nats';
import type { Batch } from '../batches/batch.entity.ts';
import type { Line } from '../lines/line.ts';

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

/** Longer than the longest request of a gateway. */
const DEADLINE_MS = 3_600_000;
/** Of one line: its response is kept in memory until it is committed. */
const RESPONSE_BYTES_MAX = 32 * 1_024 ** 2;

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
  constructor(private readonly bus: Bus) {}

  /**
   * Once the signal is aborted, the line is cancelled.
   * @throws {ResponseTooLargeError}
   * @throws {AppError} `bus.*`; the reason of the signal.
   */
  call(
    { projectId, keyId }: Batch,
    { url, body }: Pick<Line, 'url' | 'body'>,
    signal: AbortSignal,
  ): Promise<LineResponse> {
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
      const stream: OpenStream = this.bus.open(
        respond,
        { projectId, keyId, path: url, body: JSON.stringify(body) },
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
        { deadlineMs: DEADLINE_MS },
      );
      const abort = (): void =>
        settled(() => {
          stream.abandon();
          reject(AppError.from(signal.reason));
        });
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}
