/**
 * The OpenTelemetry SDK: samples, batches and exports spans. Loaded only when spans are to be exported. `OTEL_BSP_*` and `OTEL_SPAN_*`
 * bound its queue and its spans: by default 2,048 spans wait, and further ones are dropped.
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

/** A collector that is away is reported this often at most. */
const WARNING_INTERVAL_MS = 60_000;

/** All packages of this repository have one version, this one too. The file lies beside `src` and `dist` alike. */
const packageFile = new URL('../package.json', import.meta.url);

/** @returns what ends it: it resolves when everything was sent or given up, and never rejects. */
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

/** Says what went wrong by name and code: a message of the exporter may repeat what the collector sent. */
function warning(log: Logger): (error: unknown) => void {
  let warnedAt = -Infinity;
  return (error) => {
    const now = performance.now();
    if (now - warnedAt < WARNING_INTERVAL_MS) return;
    warnedAt = now;
    const { name = 'unknown', code } = error as { name?: string; code?: string | number };
    log.warn('spans could not be exported and are dropped', { reason: code ?? name });
  };
}
