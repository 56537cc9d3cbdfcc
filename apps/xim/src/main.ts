/** One inference worker: an engine, a model, and the subjects where requests for it arrive. */
import { Bus, connectBus } from '@xerotier/nats';
import { runService } from '@xerotier/service';
import { randomBytes } from 'node:crypto';
import { settings } from './config.ts';
import { createEngine } from './engines/create-engine.ts';
import { engineConfigOf } from './engines/engine-config.ts';
import { HeartbeatService } from './fleet/heartbeat.service.ts';
import { serveGenerations } from './generations/generations.handlers.ts';
import { GenerationsService } from './generations/generations.service.ts';

await runService('xim', settings, async (config, log) => {
  const identity = { workerId: config.workerId ?? `worker-${randomBytes(4).toString('hex')}`, modelId: config.modelId };
  const engine = await createEngine(engineConfigOf(config.engine), log);
  await engine.ready();
  const bus = new Bus(await connectBus({ url: config.nats.url, name: `xim-${identity.workerId}`, log }), { log });
  const generations = new GenerationsService(engine, identity.workerId, log);
  const serving = serveGenerations(bus, generations, { model: identity.modelId, worker: identity.workerId });
  const heartbeats = new HeartbeatService(bus, engine, generations, identity);
  heartbeats.start();
  return {
    readiness: { nats: () => bus.connected },
    announce: { workerId: identity.workerId },
    drain: async (signal) => {
      const drained = generations.drain(signal);
      heartbeats.beat();
      await serving.stop();
      await drained;
    },
    close: async () => {
      heartbeats.stop();
      await bus.close();
      await engine.close();
    },
  };
});
