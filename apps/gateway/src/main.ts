/** The public HTTP API: authorization, validation, streaming. It has no durable state and no database. */
import 'reflect-metadata';
import { createHttpApp } from '@xerotier/http';
import type { HttpApp, HttpAppOptions } from '@xerotier/http';
import { responseHeaderTexts } from '@xerotier/public-api/operation';
import { runService } from '@xerotier/service-host';
import { setTimeout as delay } from 'node:timers/promises';
import { AccessService } from './access/access.service.ts';
import { urlByPath } from './access/host-address.ts';
import { unknownUrlHint } from './access/unknown-url-hint.ts';
import { AppModule } from './app.module.ts';
import { settings } from './config.ts';
import { SessionsService } from './sessions/sessions.service.ts';
import { operationHooks } from './operations/operation-hooks.ts';
import { ManagementLimit } from './rate-limits/management-limit.service.ts';

/** Maximum size of a request body, which may contain images and documents as base64. */
const BODY_BYTES_MAX = 32 * 1024 * 1024;

await runService({
  name: 'gateway',
  settings,
  module: AppModule,
  application: async (module, { config, log, identity }) => {
    const app: HttpApp = await createHttpApp(module, {
      log,
      instance: identity.instance,
      bodyBytesMax: BODY_BYTES_MAX,
      webSockets: true,
      trustedProxies: config.http.trustedProxies,
      ...hostAddresses(config.http.publicDomain),
      unknownUrlHint,
      ...crossOrigin(config.http.corsOrigins),
      // Fastify hooks instead of Nest guards: keys are checked before a body is read (ADR 0005).
      ...operationHooks({
        access: () => app.nest.get(AccessService),
        sessions: () => app.nest.get(SessionsService),
        managementLimit: () => app.nest.get(ManagementLimit),
        log,
        checkResponses: config.http.checkResponses,
      }),
    });
    return {
      nest: app.nest,
      listen: async () => {
        const port = await app.listen(config.http.port, config.http.host);
        log.info('server listening', { host: config.http.host, port });
        return { port };
      },
      stopAccepting: async () => {
        await delay(config.http.drainDelayMs);
        app.stopAccepting();
      },
      close: () => app.close(),
    };
  },
});

function hostAddresses(domain: string | undefined): Pick<HttpAppOptions, 'rewriteUrl'> {
  return domain === undefined ? {} : { rewriteUrl: (host, url) => urlByPath(host, url, domain) };
}

function crossOrigin(origins: readonly string[] | '*' | undefined): Pick<HttpAppOptions, 'cors'> {
  return origins === undefined ? {} : { cors: { origins, exposedHeaders: Object.keys(responseHeaderTexts) } };
}
