/**
 * Starts and ends spans. The trace context is the `traceparent` of the log context, which messages and outbox rows carry too; there
 * is no second context. Uses `@opentelemetry/api` only; while tracing is off, every function is a no-op.
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
  /** Related spans of other traces. */
  readonly links?: readonly TraceContext[];
}

/** The error of a span, such as an `AppError`. */
export interface SpanFailure {
  readonly code: string;
  /** HTTP status of the error table; 500 and above are server errors. */
  readonly status: number;
}

const NAME = 'xerotier';
const NOOP_SPAN: Span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

let tracer: Tracer | undefined;

/** Enables spans, which the provider that is registered with the OpenTelemetry API records. */
export function enableSpans(): void {
  tracer = trace.getTracer(NAME);
}

export function disableSpans(): void {
  tracer = undefined;
}

/** To skip work that only spans need. */
export function spansEnabled(): boolean {
  return tracer !== undefined;
}

/** Starts a span, which the caller must end on every path. Returns a no-op span while tracing is off. */
export function startSpan(name: string, options: StartSpanOptions): Span {
  if (tracer === undefined) return NOOP_SPAN;
  const { kind, attributes, isRemote = false, links = [] } = options;
  const parent = options.parent === undefined ? logContext() : (options.parent ?? undefined);
  return tracer.startSpan(
    name,
    { kind, links: linksTo(links), ...(attributes !== undefined && { attributes }) },
    contextOf(parent, isRemote),
  );
}

/** Runs `work` with the span as the trace of the log context, so that its logs, messages and spans belong to the span. */
export function withSpan<T>(span: Span, work: () => T): T {
  const traceparent = traceparentOf(span);
  return traceparent === undefined ? work() : withLogContext({ ...logContext(), traceparent }, work);
}

/** Returns undefined while tracing is off. */
export function traceparentOf(span: Span): string | undefined {
  if (span === NOOP_SPAN) return undefined;
  const { traceId, spanId, traceFlags } = span.spanContext();
  return formatTraceparent({ traceId, spanId, flags: traceFlags });
}

/**
 * Ends a span. `error.type` is the code of the failure. As the semantic conventions require, a server span has no error status below
 * 500, and a client span has one for any failure.
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
