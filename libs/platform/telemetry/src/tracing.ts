/** Tracing of a process. The SDK is imported only if a collector is configured. */
import type { ConfigOf } from '@xerotier/config';
import type { Logger } from '@xerotier/log';
import { setTimeout as delay } from 'node:timers/promises';
import type { telemetrySettings } from './telemetry-settings.ts';

export interface TracedProcess {
  /** `service.name`, as in the service registry. */
  readonly service: string;
  /** `service.instance.id`. */
  readonly instance: string;
}

export interface Tracing {
  /** Sends the recorded spans and stops tracing. Takes at most 2 s, and never rejects. */
  shutdown(): Promise<void>;
}

const SHUTDOWN_MS = 2_000;
const OFF: Tracing = { shutdown: () => Promise.resolve() };

/** Must be called before spans are started. Without an endpoint the SDK is not imported, and no connection is made. */
export async function startTracing(
  settings: ConfigOf<typeof telemetrySettings>,
  process: TracedProcess,
  log: Logger,
): Promise<Tracing> {
  const url = tracesUrl(settings);
  if (url === undefined) return OFF;
  const { startExport } = await import('./otlp-export.ts');
  const stop = startExport(url, settings, process, log);
  return {
    shutdown: async () => {
      await Promise.race([stop(), delay(SHUTDOWN_MS, undefined, { ref: false })]);
    },
  };
}

/** The common endpoint is a base URL, that for traces a full one. */
function tracesUrl({ endpoint, tracesEndpoint }: ConfigOf<typeof telemetrySettings>): string | undefined {
  if (tracesEndpoint !== undefined) return tracesEndpoint;
  return endpoint === undefined ? undefined : `${endpoint.replace(/\/+$/, '')}/v1/traces`;
}
