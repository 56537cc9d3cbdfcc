import { ConfigError, loadConfig } from '@xerotier/config';
import { createSampler } from './otlp-export.ts';
import { telemetrySettings } from './telemetry-settings.ts';

const load = (env: Record<string, string>): ReturnType<typeof loadConfig<typeof telemetrySettings>> =>
  loadConfig(telemetrySettings, env);

describe('telemetrySettings', () => {
  it('are all optional', () => {
    expect(load({})).toEqual({ sampler: 'parentbased_always_on' });
  });

  it('parse the pairs of OpenTelemetry', () => {
    const { headers, resourceAttributes } = load({
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc%3D, x-tenant = 7,',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=production',
    });
    expect(headers).toEqual({ authorization: 'Bearer abc=', 'x-tenant': '7' });
    expect(resourceAttributes).toEqual({ 'deployment.environment.name': 'production' });
  });

  it.each([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'grpc://collector:4317'],
    ['OTEL_TRACES_SAMPLER', 'sometimes'],
    ['OTEL_TRACES_SAMPLER_ARG', '1.5'],
    ['OTEL_TRACES_SAMPLER_ARG', '-0.1'],
    ['OTEL_TRACES_SAMPLER_ARG', 'half'],
    ['OTEL_RESOURCE_ATTRIBUTES', 'novalue'],
    ['OTEL_RESOURCE_ATTRIBUTES', 'a=%zz'],
  ])('reject %s when it is %s', (variable, value) => {
    expect(() => load({ [variable]: value })).toThrow(variable);
  });

  it('do not print an invalid header', () => {
    let message = '';
    try {
      load({ OTEL_EXPORTER_OTLP_HEADERS: 'sekrit' });
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      message = (error as Error).message;
    }
    expect(message).toContain('OTEL_EXPORTER_OTLP_HEADERS');
    expect(message).not.toContain('sekrit');
  });
});

describe('createSampler', () => {
  it.each([
    ['always_on', undefined, 'AlwaysOnSampler'],
    ['always_off', undefined, 'AlwaysOffSampler'],
    ['traceidratio', 0.25, 'TraceIdRatioBased{0.25}'],
    ['traceidratio', undefined, 'TraceIdRatioBased{1}'],
    ['parentbased_always_on', undefined, 'root=AlwaysOnSampler'],
    ['parentbased_always_off', undefined, 'root=AlwaysOffSampler'],
    ['parentbased_traceidratio', 0.1, 'root=TraceIdRatioBased{0.1}'],
  ] as const)('returns the sampler %s with the argument %s', (name, ratio, described) => {
    expect(createSampler(name, ratio).toString()).toContain(described);
  });
});
