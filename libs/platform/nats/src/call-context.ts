/** The headers of every message: request id, deadline and trace of the caller. */
import type { MsgHdrs } from '@nats-io/nats-core';
import { logContext } from '@xerotier/log';
import type { LogContext } from '@xerotier/log';
import type { TraceContext } from '@xerotier/telemetry';
import { encodeHeaders } from './message-headers.ts';
import type { Headers } from './message-headers.ts';

export const headerName = {
  requestId: 'Xero-Request-Id',
  clientRequestId: 'Xero-Client-Request-Id',
  /** Remaining milliseconds, not a timestamp: the clocks of two machines may differ. */
  deadlineMs: 'Xero-Deadline-Ms',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  /** Present on an error response. */
  errorCode: 'Xero-Error',
  /**
   * Present on the request of a stream whose body is too large for one message; the receiver pulls it from the caller.
   */
  bodyBytes: 'Xero-Body-Bytes',
  /** Present on a message that opens several streams: see `shared-input.ts`. */
  streams: 'Xero-Streams',
} as const;

type HeaderName = (typeof headerName)[keyof typeof headerName];
/** Headers of one message; one that is undefined is left out. */
export type HeaderValues = Partial<Record<HeaderName, string | undefined>>;

export interface CallOptions {
  /** Remaining time of the caller. Default: the contract's timeout. */
  readonly deadlineMs?: number;
  /** Default: the request id of the log context. */
  readonly requestId?: string;
  /** Traces that a call for several requests is made for, beside the one that it is a part of. */
  readonly links?: readonly TraceContext[];
}

export interface CallContext {
  readonly requestId: string | undefined;
  readonly clientRequestId: string | undefined;
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
  /** Milliseconds that remained when the message arrived; undefined without a deadline. */
  readonly deadlineMs: number | undefined;
}

/** @param more headers beside these; a traceparent among them counts instead of the log context's. */
export function encodeContext(options: CallOptions, more?: HeaderValues): MsgHdrs {
  const context = logContext();
  return encodeHeaders({
    [headerName.requestId]: options.requestId ?? context?.requestId,
    [headerName.clientRequestId]: context?.clientRequestId,
    [headerName.deadlineMs]:
      options.deadlineMs === undefined ? undefined : String(Math.max(0, Math.round(options.deadlineMs))),
    [headerName.tracestate]: context?.tracestate,
    ...more,
    [headerName.traceparent]: more?.[headerName.traceparent] ?? context?.traceparent,
  });
}

export function decodeContext(from: Headers): CallContext {
  const deadline = from.get(headerName.deadlineMs) ?? '';
  return {
    requestId: from.get(headerName.requestId) || undefined,
    clientRequestId: from.get(headerName.clientRequestId) || undefined,
    traceparent: from.get(headerName.traceparent) || undefined,
    tracestate: from.get(headerName.tracestate) || undefined,
    deadlineMs: /^\d{1,12}$/.test(deadline) ? Number(deadline) : undefined,
  };
}

/** Returns the log context for the handling of a message. */
export function logContextOf({ requestId, clientRequestId, traceparent, tracestate }: CallContext): LogContext {
  return {
    ...(requestId !== undefined && { requestId }),
    ...(clientRequestId !== undefined && { clientRequestId }),
    ...(traceparent !== undefined && { traceparent }),
    ...(tracestate !== undefined && { tracestate }),
  };
}
