/** W3C Trace Context: what a `traceparent` header says. https://www.w3.org/TR/trace-context/ */

/** Which trace a piece of work belongs to, as the log context and the headers of a message carry it. */
export interface TraceContext {
  readonly traceparent?: string | undefined;
  /** Of the vendors on the way; passed on as it came, and never logged. */
  readonly tracestate?: string | undefined;
}

export interface Traceparent {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

/** Version, ids and flags; versions after 00 may have more after them. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const VERSION_00_LENGTH = 55;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
const SAMPLED = 0x01;

/** Undefined for a value that the specification has a receiver ignore: then a new trace begins. */
export function parseTraceparent(value: string | undefined): Traceparent | undefined {
  const [, version, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(value ?? '') ?? [];
  if (version === undefined || version === 'ff') return undefined;
  if (version === '00' && value?.length !== VERSION_00_LENGTH) return undefined;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

/** In version 00, whose only flag is `sampled`. */
export function formatTraceparent({ traceId, spanId, flags }: Traceparent): string {
  return `00-${traceId}-${spanId}-${(flags & SAMPLED) === 0 ? '00' : '01'}`;
}

/** Printable, and no longer than the specification requires to be passed on. */
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

/** The trace that a client sent: `tracestate` counts only beside a valid `traceparent`. */
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
