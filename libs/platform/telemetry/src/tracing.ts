/** Tracing of one process: off unless a collector is configured, and then the SDK is loaded. */
import type { ConfigOf } from '@xerotier/config';
import type { Logger } from '@xerotier/log';
import { setTimeout as delay } from 'node:timers/promises';
import type { telemetrySettings } from './telemetry-settings.ts';

export interface TracedProcess {
  /** `service.name`: as in the registry of services. */
  readonly service: string;
  /** `service.instance.id`: which of its replicas. */
  readonly instance: string;
}

export interface Tracing {
  /** Sends what is recorded and ends tracing. Takes 2 s at most, and never rejects. */
  shutdown(): Promise<void>;
}

const SHUTDOWN_MS = 2_000;
const OFF: Tracing = { shutdown: () => Promise.resolve() };

/** Call it before anything that starts spans. Nothing of the SDK is loaded, and no connection is made, without an endpoint. */
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

/** The one endpoint is a base URL, the other is used as it is. */
function tracesUrl({ endpoint, tracesEndpoint }: ConfigOf<typeof telemetrySettings>): string | undefined {
  if (tracesEndpoint !== undefined) return tracesEndpoint;
  return endpoint === undefined ? undefined : `${endpoint.replace(/\/+$/, '')}/v1/traces`;
}
