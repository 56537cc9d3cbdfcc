/**
 * The OpenTelemetry SDK: samples, batches and exports spans. Imported only if an endpoint is configured. `OTEL_BSP_*` and
 * `OTEL_SPAN_*` bound its queue and its spans: by default at most 2,048 spans are queued, further ones are dropped.
 */
import { trace } from '@opentelemetry/api';
import { setGlobalErrorHandler } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import type { Sampler } from '@opentelemetry/sdk-trace-base';
import type { ConfigOf } from '@xerotier/config';
import type { Logger } from '@xerotier/log';
import { readFileSync } from 'node:fs';
import { disableSpans, enableSpans } from './spans.ts';
import type { SamplerName, telemetrySettings } from './telemetry-settings.ts';
import type { TracedProcess } from './tracing.ts';

/** Minimum interval of warnings about an unreachable collector. */
const WARNING_INTERVAL_MS = 60_000;

/** All packages of the repository have the same version. In a bundle this is the file of its app. */
const packageFile = new URL('../package.json', import.meta.url);

/** @returns a function that stops the export. It resolves when all spans were sent or dropped, and never rejects. */
export function startExport(
  url: string,
  { headers, sampler, samplerArg, resourceAttributes }: ConfigOf<typeof telemetrySettings>,
  { service, instance }: TracedProcess,
  log: Logger,
): () => Promise<void> {
  setGlobalErrorHandler(warning(log));
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  const provider = new BasicTracerProvider({
    sampler: createSampler(sampler, samplerArg),
    resource: resourceFromAttributes({
      'service.namespace': 'xerotier',
      ...resourceAttributes,
      'service.name': service,
      'service.version': version,
      'service.instance.id': instance,
    }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url, ...(headers !== undefined && { headers }) }))],
  });
  trace.setGlobalTracerProvider(provider);
  enableSpans();
  return async () => {
    disableSpans();
    await provider.shutdown().catch(() => undefined);
  };
}

export function createSampler(name: SamplerName, ratio = 1): Sampler {
  switch (name) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio);
    case 'parentbased_always_on':
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) });
  }
}

/** Logs only name and code: the message of an exporter error may contain the response of the collector. */
function warning(log: Logger): (error: unknown) => void {
  let warnedAt = -Infinity;
  return (error) => {
    const now = performance.now();
    if (now - warnedAt < WARNING_INTERVAL_MS) return;
    warnedAt = now;
    const { name = 'unknown', code } = error as { name?: string; code?: string | number };
    log.warn('span export failed', { reason: code ?? name });
  };
}
