/**
 * `/livez` (is the event loop responsive?) and `/readyz` (can the process accept work?), the probes of an orchestrator, and
 * `/metrics` in the Prometheus text format. Readiness covers this process only, never other services: one that is down must not
 * take the others with it.
 */
import { metricsContentType, metricsText } from '@xerotier/telemetry';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type ReadinessChecks = Record<string, () => boolean | Promise<boolean>>;

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface Readiness {
  readonly ready: boolean;
  readonly checks: Record<string, boolean>;
}

/** Runs all checks; one that throws counts as not ready. */
export async function checkReadiness(checks: ReadinessChecks): Promise<Readiness> {
  const results = await Promise.all(
    Object.entries(checks).map(
      async ([name, check]) =>
        [
          name,
          await Promise.resolve()
            .then(check)
            .catch(() => false),
        ] as const,
    ),
  );
  return { ready: results.every(([, ok]) => ok), checks: Object.fromEntries(results) };
}

/** Serves them on one port (0: any free one). */
export async function startHealthServer(options: {
  host: string;
  port: number;
  checks: ReadinessChecks;
}): Promise<HealthServer> {
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, (request, response) => {
    const respond = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.url === '/livez') respond(200, { status: 'live' });
    else if (request.url === '/readyz') {
      void checkReadiness(options.checks).then((result) => respond(result.ready ? 200 : 503, result));
    } else if (request.url === '/metrics') {
      void metricsText().then(
        (text) => response.writeHead(200, { 'content-type': metricsContentType }).end(text),
        () => respond(500, { status: 'failed' }),
      );
    } else respond(404, { status: 'unknown', hint: 'ask for /livez, /readyz or /metrics' });
  });
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(options.port, options.host, resolve),
  );
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
