/** The span and the metrics of one request: from its arrival to the last byte of its response, or to when its client is gone. */
import { attribute, endSpan, SpanKind, spansEnabled, startSpan } from '@xerotier/telemetry';
import type { Span, SpanFailure, TraceContext } from '@xerotier/telemetry';
import { onRequestEnd } from './access-log.ts';
import type { DescribedRequest, RequestEnd } from './access-log.ts';
import { metrics } from './metrics.ts';

const UNMATCHED = 'unmatched';
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']);
/** Nest's own handler of what has no route. */
const CATCH_ALL = new Set(['*', '/*']);

let active = 0;
metrics.activeRequests.observe(() => active);

/** Counts a request and its duration. */
export function measureRequest(request: DescribedRequest): void {
  active += 1;
  onRequestEnd(request.raw, ({ status, durationMs }) => {
    active -= 1;
    metrics.requestDuration.labels(methodOf(request), routeOf(request), String(status)).observe(durationMs / 1_000);
  });
}

/** Starts the span of a request, which ends with it. @param parent what the client says of its trace. */
export function traceRequest(request: DescribedRequest, parent: TraceContext | undefined): Span | undefined {
  if (!spansEnabled()) return undefined;
  const [method, route] = [methodOf(request), routeOf(request)];
  const span = startSpan(route === UNMATCHED ? method : `${method} ${route}`, {
    kind: SpanKind.SERVER,
    parent: parent ?? null,
    isRemote: true,
    attributes: {
      [attribute.httpRequestMethod]: method,
      ...(route !== UNMATCHED && { [attribute.httpRoute]: route }),
      [attribute.requestId]: request.id,
    },
  });
  onRequestEnd(request.raw, (end) => {
    span.setAttributes({ [attribute.httpResponseStatusCode]: end.status, [attribute.outcome]: end.outcome });
    endSpan(span, failureOf(end), true);
  });
  return span;
}

function failureOf({ status, error }: RequestEnd): SpanFailure | undefined {
  if (error !== undefined) return error;
  return status >= 400 ? { code: String(status), status } : undefined;
}

function methodOf({ method }: DescribedRequest): string {
  return METHODS.has(method) ? method : '_OTHER';
}

function routeOf({ routeOptions }: DescribedRequest): string {
  const { url } = routeOptions;
  return url === undefined || CATCH_ALL.has(url) ? UNMATCHED : url;
}
