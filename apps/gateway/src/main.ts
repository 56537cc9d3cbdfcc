/** The HTTP edge: keys, parsing, streaming. Nothing here is durable, and nothing here touches a database. */
import 'reflect-metadata';
import { usageRecorded } from '@xerotier/contracts/inference';
import { createHttpApp } from '@xerotier/http';
import type { HttpApp, HttpAppOptions } from '@xerotier/http';
import { InferenceClient } from '@xerotier/inference';
import { Bus, connectBus, DurablePublisher, ensureStream } from '@xerotier/nats';
import { responseHeaderTexts } from '@xerotier/public-api/operation';
import { connectRedis } from '@xerotier/redis';
import { runProcess } from '@xerotier/process';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { AccessService } from './access/access.service.ts';
import { urlByPath } from './access/host-address.ts';
import { unknownUrlHint } from './access/unknown-url-hint.ts';
import { AppModule } from './app.module.ts';
import { settings } from './config.ts';
import { operationHooks } from './operations/operation-hooks.ts';
import { StoredCompletionsService } from './stored-completions/stored-completions.service.ts';

/** What one request body may hold: images and documents ride in it as text. */
const BODY_BYTES_MAX = 32 * 1024 * 1024;

await runProcess('gateway', settings, async (config, log) => {
  const instance = randomBytes(4).toString('hex');
  const connection = await connectBus({ url: config.nats.url, name: `gateway-${instance}`, log });
  const bus = new Bus(connection, { log });
  const redis = connectRedis({ url: config.redis.url, name: `gateway-${instance}`, log });
  await ensureStream(connection, usageRecorded);
  const usage = new DurablePublisher(connection, usageRecorded, log);
  const inference = new InferenceClient({ bus, usage, log, limits: config.limits });
  const app: HttpApp = await createHttpApp(AppModule.register({ bus, inference, redis, log, instance }), {
    log,
    instance,
    bodyBytesMax: BODY_BYTES_MAX,
    trustedProxies: config.http.trustedProxies,
    ...hostAddresses(config.http.publicDomain),
    unknownUrlHint,
    ...crossOrigin(config.http.corsOrigins),
    ...operationHooks({ access: () => app.nest.get(AccessService), log, checkResponses: config.http.checkResponses }),
  });
  const port = await app.listen(config.http.port, config.http.host);
  log.info('listening', { host: config.http.host, port });
  return {
    readiness: { nats: () => bus.connected },
    announce: { port },
    drain: async (signal) => {
      await delay(config.http.drainDelayMs);
      app.stopAccepting();
      await inference.drain(signal);
      await app.nest.get(StoredCompletionsService).settled(signal);
    },
    close: async () => {
      await app.close();
      const unconfirmed = await usage.close(5_000);
      if (unconfirmed > 0) log.error('usage events were not confirmed', { events: unconfirmed });
      redis.disconnect();
      await bus.close();
    },
  };
});

function hostAddresses(domain: string | undefined): Pick<HttpAppOptions, 'rewriteUrl'> {
  return domain === undefined ? {} : { rewriteUrl: (host, url) => urlByPath(host, url, domain) };
}

function crossOrigin(origins: readonly string[] | '*' | undefined): Pick<HttpAppOptions, 'cors'> {
  return origins === undefined ? {} : { cors: { origins, exposedHeaders: Object.keys(responseHeaderTexts) } };
}
