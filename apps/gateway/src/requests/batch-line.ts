/**
 * A line of a batch is a request without a connection: it passes the same hooks, validation and controllers. What differs is kept with
 * the raw request: who it acts for, and that its usage is recorded by the batch that keeps the response.
 */
import type { UsageRecord } from '@xerotier/contracts/inference';
import type { RawRequest } from '@xerotier/http';
import type { IncomingMessage } from 'node:http';

export interface BatchLine {
  /** The key that has created the batch. */
  readonly keyId: string;
  /** Receives the usage record. */
  readonly record: (record: UsageRecord) => void;
  /** Called each time it is sent to a worker. */
  readonly placed: () => void;
  /** Receives the tokens of each input to embed, if they are known. */
  readonly counted: (inputTokens: readonly number[]) => void;
}

const LINE = Symbol('batch line');
type WithLine = RawRequest & { [LINE]?: BatchLine };

export function markAsLine(request: IncomingMessage, line: BatchLine): void {
  (request as WithLine)[LINE] = line;
}

/** Undefined for a request of a client. */
export function lineOf(request: RawRequest): BatchLine | undefined {
  return (request as WithLine)[LINE];
}
