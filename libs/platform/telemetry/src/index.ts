export { attribute, spanEvent } from './attributes.ts';
export { LabelValues, OTHER } from './label-values.ts';
export {
  collectProcessMetrics,
  counter,
  declarationOf,
  durationBuckets,
  gauge,
  histogram,
  metricsContentType,
  metricsText,
  requestBuckets,
} from './metrics.ts';
export type { MetricDeclaration, ObservedGauge, Reading } from './metrics.ts';
export type { Counter, CounterSeries, Histogram, HistogramSeries } from './series.ts';
export { endSpan, SpanKind, spansEnabled, startSpan, traceparentOf, withSpan } from './spans.ts';
export type { Attributes, Span, SpanFailure, StartSpanOptions } from './spans.ts';
export { telemetrySettings } from './telemetry-settings.ts';
export { formatTraceparent, incomingTrace, isSampled, parseTraceparent } from './trace-context.ts';
export type { TraceContext, Traceparent } from './trace-context.ts';
export { startTracing } from './tracing.ts';
export type { TracedProcess, Tracing } from './tracing.ts';
