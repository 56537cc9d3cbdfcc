/** What a job is in Redis: the ids, and the request and trace that it belongs to. */
import { logContext } from '@xerotier/log';
import type { LogContext } from '@xerotier/log';
import { incomingTrace, traceparentOf } from '@xerotier/telemetry';
import type { Span, TraceContext } from '@xerotier/telemetry';

export interface StoredJob {
  readonly job: unknown;
  /** Of the request that added the job. */
  readonly context?: { readonly requestId?: string; readonly traceparent?: string; readonly tracestate?: string };
  /** How many failed attempts preceded the last slice that succeeded: retries are bounded by consecutive failures. */
  readonly forgiven?: number;
}

/** @param span of the adding. */
export function storedJob(job: unknown, span: Span): StoredJob {
  const { requestId, traceparent, tracestate } = logContext() ?? {};
  const parent = traceparentOf(span) ?? traceparent;
  const context = {
    ...(requestId !== undefined && { requestId }),
    ...(parent !== undefined && { traceparent: parent }),
    ...(tracestate !== undefined && { tracestate }),
  };
  return { job, ...(Object.keys(context).length > 0 && { context }) };
}

/** The trace of the producer. */
export function producerOf({ context }: StoredJob): readonly TraceContext[] {
  const trace = incomingTrace(context?.traceparent, context?.tracestate);
  return trace === undefined ? [] : [trace];
}

/** The log context of a handler, before its span. */
export function logContextOf({ context }: StoredJob): LogContext {
  return context?.requestId === undefined ? {} : { requestId: context.requestId };
}
