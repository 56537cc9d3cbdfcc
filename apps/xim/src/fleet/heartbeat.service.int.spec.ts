import { heartbeat, workerLeft } from '@xerotier/contracts/xim';
import type { EngineLoad, WorkerState } from '@xerotier/contracts/xim';
import { silentLog } from '@xerotier/log/testing';
import { testBuses } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
import type { Engine } from '../engines/engine.ts';
import { GenerationsService } from '../generations/generations.service.ts';
import type { ReportedHealth } from '../health/engine-health.ts';
import { alwaysHealthy } from '../health/testing/always-healthy.ts';
import { HeartbeatService } from './heartbeat.service.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);
// Must run before the hook that closes the buses.
const started: HeartbeatService[] = [];
afterEach(() => {
  for (const heartbeats of started.splice(0)) heartbeats.stop();
});

interface Fleet {
  readonly heartbeats: HeartbeatService;
  readonly generations: GenerationsService;
  readonly received: WorkerState[];
  readonly left: string[];
}

async function newWorker(
  health: ReportedHealth = alwaysHealthy,
  traits: Partial<Engine> = {},
  load?: () => EngineLoad | undefined,
): Promise<Fleet> {
  const listener = await connectBus();
  const received: WorkerState[] = [];
  const left: string[] = [];
  listener.bus.subscribe(heartbeat, (state) => received.push(state));
  listener.bus.subscribe(workerLeft, ({ workerId }) => left.push(workerId));
  await listener.bus.flush();
  const engine = { name: 'scripted', slots: 3, contextTokens: 512, ...traits } as Engine;
  const generations = new GenerationsService(engine, health, { workerId: 'w1', modelId: 'm1' }, silentLog());
  const identity = { workerId: 'w1', modelId: 'm' };
  const heartbeats = new HeartbeatService((await connectBus()).bus, engine, generations, health, identity, load);
  heartbeats.start();
  started.push(heartbeats);
  return { heartbeats, generations, received, left };
}

describe('HeartbeatService', () => {
  it('publishes the state of the worker as soon as it starts', async () => {
    const { received } = await newWorker();
    await eventually('a heartbeat is received', () => received.length === 1);
    expect(received).toEqual([
      {
        workerId: 'w1',
        modelId: 'm',
        engine: 'scripted',
        slots: 3,
        active: [],
        contextTokens: 512,
        draining: false,
        startedAt: expect.any(Number),
        available: true,
      },
    ]);
  });

  it('reports an unavailable engine with the reason and the failure rate', async () => {
    const { received } = await newWorker({
      ...alwaysHealthy,
      available: false,
      reason: 'ECONNREFUSED',
      failureRate: 0.5,
    });
    await eventually('a heartbeat is received', () => received.length === 1);
    expect(received).toMatchObject([{ available: false, unavailableReason: 'ECONNREFUSED', failureRate: 0.5 }]);
  });

  it('omits an unknown context length', async () => {
    const { received } = await newWorker(alwaysHealthy, { contextTokens: undefined });
    await eventually('a heartbeat is received', () => received.length === 1);
    expect(received[0]).not.toHaveProperty('contextTokens');
  });

  it('reports the load of the server behind the engine while it is known', async () => {
    const loads: (EngineLoad | undefined)[] = [{ running: 2, waiting: 1, kvCacheUsage: 0.5 }, undefined];
    const { received } = await newWorker(alwaysHealthy, { name: 'openai' }, () => loads.shift());
    await eventually('two heartbeats are received', () => received.length >= 2);
    expect(received[0]).toMatchObject({ engine: 'openai', engineLoad: { running: 2, waiting: 1, kvCacheUsage: 0.5 } });
    expect(received[1]).not.toHaveProperty('engineLoad');
  });

  it('repeats the heartbeat with the same start time', async () => {
    const { received } = await newWorker();
    await eventually('three heartbeats are received', () => received.length >= 3);
    expect(new Set(received.map(({ startedAt }) => startedAt)).size).toBe(1);
  });

  it('reports that the worker is draining', async () => {
    const { heartbeats, generations, received } = await newWorker();
    await generations.drain(new AbortController().signal);
    heartbeats.beat();
    await eventually('a heartbeat is received', () => received.some(({ draining }) => draining));
  });

  it('publishes that the worker left when it stops, and nothing after that', async () => {
    const { heartbeats, received, left } = await newWorker();
    await eventually('a heartbeat is received', () => received.length === 1);
    heartbeats.stop();
    await eventually('the leave event is received', () => left.length === 1);
    expect(left).toEqual(['w1']);
    const before = received.length;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(received).toHaveLength(before);
  });
});
