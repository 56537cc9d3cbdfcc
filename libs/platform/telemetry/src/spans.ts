/**
 * Starts and ends spans. A span's place in its trace is the `traceparent` of the log context, which messages and outbox rows carry
 * too: there is no second context beside it. Only `@opentelemetry/api` is used here; while tracing is off every function returns at
 * once and changes nothing.
 */
import {
  createTraceState,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { Attributes, Context, Link, Span, SpanContext, Tracer } from '@opentelemetry/api';
import { logContext, withLogContext } from '@xerotier/log';
import { attribute } from './attributes.ts';
import { formatTraceparent, parseTraceparent } from './trace-context.ts';
import type { TraceContext } from './trace-context.ts';

export { SpanKind };
export type { Attributes, Span };

export interface StartSpanOptions {
  readonly kind: SpanKind;
  readonly attributes?: Attributes;
  /** Default: the trace of the log context. Null: a new trace. */
  readonly parent?: TraceContext | null | undefined;
  /** Whether the parent is a span of another process. Default false. */
  readonly isRemote?: boolean;
  /** Spans that this one follows from without being a part of them. */
  readonly links?: readonly TraceContext[];
}

/** Why a span failed. An `AppError` is one. */
export interface SpanFailure {
  readonly code: string;
  /** Of the error table: 500 and above is a fault of the server. */
  readonly status: number;
}

const NAME = 'xerotier';
const NOTHING: Span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

let tracer: Tracer | undefined;

/** From now on spans are recorded, by whatever is registered with the OpenTelemetry API. */
export function enableSpans(): void {
  tracer = trace.getTracer(NAME);
}

export function disableSpans(): void {
  tracer = undefined;
}

/** For work that is only needed for a span. */
export function spansEnabled(): boolean {
  return tracer !== undefined;
}

/** The caller ends it, on every path. While tracing is off: a span that does nothing. */
export function startSpan(name: string, options: StartSpanOptions): Span {
  if (tracer === undefined) return NOTHING;
  const { kind, attributes, isRemote = false, links = [] } = options;
  const parent = options.parent === undefined ? logContext() : (options.parent ?? undefined);
  return tracer.startSpan(
    name,
    { kind, links: linksTo(links), ...(attributes !== undefined && { attributes }) },
    contextOf(parent, isRemote),
  );
}

/** Runs `work` with the span as the trace of the log context: logs, messages and spans of it belong to the span. */
export function withSpan<T>(span: Span, work: () => T): T {
  const traceparent = traceparentOf(span);
  return traceparent === undefined ? work() : withLogContext({ ...logContext(), traceparent }, work);
}

/** Undefined while tracing is off. */
export function traceparentOf(span: Span): string | undefined {
  if (span === NOTHING) return undefined;
  const { traceId, spanId, traceFlags } = span.spanContext();
  return formatTraceparent({ traceId, spanId, flags: traceFlags });
}

/**
 * Ends a span. `error.type` is the code of the failure. A server whose caller was wrong has not failed, so that its status stays unset
 * below 500; to everyone else any failure is one.
 */
export function endSpan(span: Span, failure?: SpanFailure, isServer = false): void {
  if (failure !== undefined) {
    span.setAttribute(attribute.errorType, failure.code);
    if (!isServer || failure.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

function contextOf(parent: TraceContext | undefined, isRemote: boolean): Context {
  const spanContext = spanContextOf(parent, isRemote);
  return spanContext === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, spanContext);
}

function spanContextOf(context: TraceContext | undefined, isRemote: boolean): SpanContext | undefined {
  const parsed = parseTraceparent(context?.traceparent);
  if (parsed === undefined) return undefined;
  const { traceId, spanId, flags } = parsed;
  const { tracestate } = context ?? {};
  return {
    traceId,
    spanId,
    traceFlags: flags,
    isRemote,
    ...(tracestate !== undefined && { traceState: createTraceState(tracestate) }),
  };
}

function linksTo(contexts: readonly TraceContext[]): Link[] {
  const links: Link[] = [];
  for (const linked of contexts) {
    const context = spanContextOf(linked, true);
    if (context !== undefined) links.push({ context });
  }
  return links;
}
