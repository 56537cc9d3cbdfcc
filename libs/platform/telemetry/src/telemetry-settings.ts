/** Where spans are sent, under the names that OpenTelemetry gives these variables. */
import { secret, setting, url } from '@xerotier/config';
import { z } from 'zod';

const samplerName = z.enum([
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
]);
export type SamplerName = z.infer<typeof samplerName>;

const ratio = z
  .string()
  .refine((text) => /^(?:\d+|\d*\.\d+)$/.test(text) && Number(text) <= 1, 'must be a number from 0 to 1')
  .transform(Number);

/** `name=value` pairs, separated by commas; values are percent-encoded. */
const pairs = z.string().transform((text, context): Readonly<Record<string, string>> => {
  const entries: [string, string][] = [];
  for (const entry of text.split(',')) {
    if (entry.trim() === '') continue;
    const at = entry.indexOf('=');
    const [name, value] = [entry.slice(0, at).trim(), decoded(entry.slice(at + 1).trim())];
    if (at < 1 || name === '' || value === undefined) {
      context.addIssue({ code: 'custom', message: 'must be name=value pairs, separated by commas' });
      return z.NEVER;
    }
    entries.push([name, value]);
  }
  return Object.fromEntries(entries);
});

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

export const telemetrySettings = {
  endpoint: setting(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    url('http', 'https').optional(),
    'Base URL of an OpenTelemetry collector (OTLP over HTTP), such as http://127.0.0.1:4318; spans are sent to /v1/traces below it. Not set by default: no spans are recorded.',
  ),
  tracesEndpoint: setting(
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    url('http', 'https').optional(),
    'Full URL for spans, instead of /v1/traces below OTEL_EXPORTER_OTLP_ENDPOINT.',
  ),
  headers: secret(
    'OTEL_EXPORTER_OTLP_HEADERS',
    pairs.optional(),
    'HTTP headers of requests to the collector: name=value pairs, separated by commas, values percent-encoded.',
  ),
  sampler: setting(
    'OTEL_TRACES_SAMPLER',
    samplerName.default('parentbased_always_on'),
    'Sampler: always_on, always_off, traceidratio, or one of these with the prefix parentbased_, which applies it only to traces without a parent. Default parentbased_always_on.',
  ),
  samplerArg: setting(
    'OTEL_TRACES_SAMPLER_ARG',
    ratio.optional(),
    'Ratio of the traceidratio samplers, 0 to 1. Default 1.',
  ),
  resourceAttributes: setting(
    'OTEL_RESOURCE_ATTRIBUTES',
    pairs.optional(),
    'Resource attributes of all spans, in addition to service.name, service.version and service.instance.id: name=value pairs, separated by commas (deployment.environment.name=production).',
  ),
} as const;
