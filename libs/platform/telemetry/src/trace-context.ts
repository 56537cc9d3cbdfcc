/** W3C Trace Context, https://www.w3.org/TR/trace-context/ */

/** The trace context of the log context and of message headers. */
export interface TraceContext {
  readonly traceparent?: string | undefined;
  /** Vendor data, passed on verbatim and never logged. */
  readonly tracestate?: string | undefined;
}

export interface Traceparent {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

/** Version, ids and flags; later versions may append fields. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const VERSION_00_LENGTH = 55;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
const SAMPLED = 0x01;

/** Returns undefined for a value that must be ignored, so that a new trace starts. */
export function parseTraceparent(value: string | undefined): Traceparent | undefined {
  const [, version, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(value ?? '') ?? [];
  if (version === undefined || version === 'ff') return undefined;
  if (version === '00' && value?.length !== VERSION_00_LENGTH) return undefined;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

/** Whether the client records this trace, so that its spans are worth recording. */
export function isSampled({ traceparent }: TraceContext): boolean {
  return ((parseTraceparent(traceparent)?.flags ?? 0) & SAMPLED) !== 0;
}

/** Formats version 00, whose only flag is `sampled`. */
export function formatTraceparent({ traceId, spanId, flags }: Traceparent): string {
  return `00-${traceId}-${spanId}-${(flags & SAMPLED) === 0 ? '00' : '01'}`;
}

/** Printable, and at most as long as the specification requires to be propagated. */
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

/** Returns the trace context of a client. `tracestate` is ignored without a valid `traceparent`. */
export function incomingTrace(
  traceparent: string | string[] | undefined,
  tracestate: string | string[] | undefined,
): TraceContext | undefined {
  const parsed = typeof traceparent === 'string' ? parseTraceparent(traceparent) : undefined;
  if (parsed === undefined) return undefined;
  const state = tracestate === undefined ? undefined : [tracestate].flat().join(',');
  return {
    traceparent: formatTraceparent(parsed),
    ...(state !== undefined && TRACESTATE.test(state) && { tracestate: state }),
  };
}
