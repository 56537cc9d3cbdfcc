/** What rides in the headers of every message: who asked, for how long, and which trace it belongs to. */
import type { MsgHdrs } from '@nats-io/nats-core';
import { logContext } from '@xerotier/log';
import type { LogContext } from '@xerotier/log';
import { encodeHeaders } from './message-headers.ts';

export const headerName = {
  requestId: 'Xero-Request-Id',
  clientRequestId: 'Xero-Client-Request-Id',
  /** Milliseconds that are left, not a moment: clocks of two machines need not agree. */
  deadlineMs: 'Xero-Deadline-Ms',
  traceparent: 'traceparent',
  /** Present on an answer that is a refusal. */
  errorCode: 'Xero-Error',
  /** Present on a stream's request whose body is too large for one message; the receiver pulls it from the caller. */
  bodyBytes: 'Xero-Body-Bytes',
  /** Present on a message that opens several streams: see `shared-input.ts`. */
  streams: 'Xero-Streams',
} as const;

type HeaderName = (typeof headerName)[keyof typeof headerName];
/** Headers of one message; one that is undefined is left out. */
export type HeaderValues = Partial<Record<HeaderName, string | undefined>>;

export interface CallOptions {
  /** What is left of the caller's patience. Default: the contract's own timeout. */
  readonly deadlineMs?: number;
  /** Default: the request id of the log context. */
  readonly requestId?: string;
}

export interface CallContext {
  readonly requestId: string | undefined;
  readonly clientRequestId: string | undefined;
  readonly traceparent: string | undefined;
  /** Milliseconds that were left when the message arrived; undefined without a deadline. */
  readonly deadlineMs: number | undefined;
}

export function encodeContext(options: CallOptions, more?: HeaderValues): MsgHdrs {
  const context = logContext();
  return encodeHeaders({
    [headerName.requestId]: options.requestId ?? context?.requestId,
    [headerName.clientRequestId]: context?.clientRequestId,
    [headerName.deadlineMs]:
      options.deadlineMs === undefined ? undefined : String(Math.max(0, Math.round(options.deadlineMs))),
    [headerName.traceparent]: context?.traceparent,
    ...more,
  });
}

export function decodeContext(from: MsgHdrs | undefined): CallContext {
  const deadline = from?.get(headerName.deadlineMs) ?? '';
  return {
    requestId: from?.get(headerName.requestId) || undefined,
    clientRequestId: from?.get(headerName.clientRequestId) || undefined,
    traceparent: from?.get(headerName.traceparent) || undefined,
    deadlineMs: /^\d{1,12}$/.test(deadline) ? Number(deadline) : undefined,
  };
}

/** What the log lines of the work for a message carry. */
export function logContextOf({ requestId, clientRequestId, traceparent }: CallContext): LogContext {
  return {
    ...(requestId !== undefined && { requestId }),
    ...(clientRequestId !== undefined && { clientRequestId }),
    ...(traceparent !== undefined && { traceparent }),
  };
}
