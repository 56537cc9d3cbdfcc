/** One inference worker: an engine, its model, and the NATS subjects that it serves. */
import type { Logger } from '@xerotier/log';
import { Bus, connectBus } from '@xerotier/nats';
import { runProcess } from '@xerotier/process';
import { randomBytes } from 'node:crypto';
import { settings } from './config.ts';
import type { XimConfig } from './config.ts';
import { EngineServer, supervisedHealthTimes } from './engine-process/engine-server.ts';
import { createEngine } from './engines/create-engine.ts';
import { engineConfigOf } from './engines/engine-config.ts';
import type { Engine } from './engines/engine.ts';
import { HeartbeatService } from './fleet/heartbeat.service.ts';
import { serveGenerations } from './generations/generations.handlers.ts';
import { GenerationsService } from './generations/generations.service.ts';
import { EngineHealth, healthTimesDefaults } from './health/engine-health.ts';
import type { HealthTimes } from './health/engine-health.ts';
import { healthProbes } from './health/health-probes.ts';
import { metrics } from './metrics.ts';
import { PublishedUsageReports } from './usage/usage-reports.ts';

const REPORTS_TIMEOUT_MS = 1_000;

await runProcess('xim', settings, async (config, log) => {
  const identity = { workerId: config.workerId ?? `worker-${randomBytes(4).toString('hex')}`, modelId: config.modelId };
  const gaveUp = (reason: string): never => exit(log, new Error(reason));
  const server = await EngineServer.prepare(config, { lost: (reason) => health.lost(reason), gaveUp }, log);
  const engine = await createEngine(engineConfigOf(config.engine, server?.own), log);
  const connection = await connectBus({ url: config.nats.url, name: `xim-${identity.workerId}`, log });
  const bus = new Bus(connection, { log });
  const probes = healthProbes(engine);
  const health = new EngineHealth(server?.probes(probes) ?? probes, log, {
    ...healthTimesOf(engine, config.engine),
    ...(server !== undefined && supervisedHealthTimes),
  });
  const reports = new PublishedUsageReports(connection, identity.workerId, log);
  const generations = new GenerationsService(engine, health, identity, log, reports);
  metrics.running.observe(() => [[{ model_name: identity.modelId }, generations.active().length]]);
  const serving = serveGenerations(bus, generations, { model: identity.modelId, worker: identity.workerId });
  const heartbeats = new HeartbeatService(bus, engine, generations, health, identity, () => server?.load);
  heartbeats.start();
  server?.start();
  const available = health.start({
    changed: () => heartbeats.beat(),
    hung: () => generations.abortPending(),
    progressed: () => server?.progressed(),
  });
  // An in-process engine works at once or never. An upstream server may start later; until then the fleet sees the worker wait.
  if (engine.check === undefined) await available;
  else available.catch((error: unknown) => exit(log, error));
  return {
    readiness: { nats: () => bus.connected, engine: () => health.available },
    announce: {
      workerId: identity.workerId,
      ...(engine.contextTokens !== undefined && { contextTokens: engine.contextTokens }),
    },
    drain: async (signal) => {
      const drained = generations.drain(signal);
      heartbeats.beat();
      await serving.stop();
      await drained;
    },
    close: async () => {
      health.stop();
      heartbeats.stop();
      await reports.close(REPORTS_TIMEOUT_MS);
      await bus.close();
      await engine.close();
      await server?.stop();
    },
  };
});

/** In-process engines have no server that could hang or disconnect. */
function healthTimesOf(engine: Engine, { upstreamTimeoutSeconds }: XimConfig['engine']): Partial<HealthTimes> {
  if (engine.check === undefined) return { stallMs: Infinity, checkIntervalMs: Infinity };
  const hangMs = upstreamTimeoutSeconds * 1_000;
  return { hangMs, stallMs: hangMs / 4, probeTimeoutMs: Math.min(hangMs / 4, healthTimesDefaults.probeTimeoutMs) };
}

function exit(log: Logger, error: unknown): never {
  log.error('engine unusable', { error });
  process.exit(1);
}
