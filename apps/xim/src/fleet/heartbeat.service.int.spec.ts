import { heartbeat, workerLeft } from '@xerotier/contracts/xim';
import type { WorkerState } from '@xerotier/contracts/xim';
import { silentLog } from '@xerotier/log/testing';
import { testBuses } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
import type { Engine } from '../engines/engine.ts';
import { GenerationsService } from '../generations/generations.service.ts';
import type { ReportedHealth } from '../health/engine-health.ts';
import { soundHealth } from '../health/testing/sound-health.ts';
import { HeartbeatService } from './heartbeat.service.ts';

const servers = testServers('nats');
// Before the buses of a test are closed.
const started: HeartbeatService[] = [];
afterEach(() => {
  for (const heartbeats of started.splice(0)) heartbeats.stop();
});
const connectBus = testBuses(() => servers.nats.url);

interface Fleet {
  readonly heartbeats: HeartbeatService;
  readonly generations: GenerationsService;
  readonly heard: WorkerState[];
  readonly left: string[];
}

async function newWorker(health: ReportedHealth = soundHealth, traits: Partial<Engine> = {}): Promise<Fleet> {
  const listener = await connectBus();
  const heard: WorkerState[] = [];
  const left: string[] = [];
  listener.bus.subscribe(heartbeat, (state) => heard.push(state));
  listener.bus.subscribe(workerLeft, ({ workerId }) => left.push(workerId));
  await listener.bus.flush();
  const engine = { name: 'scripted', slots: 3, contextTokens: 512, ...traits } as Engine;
  const generations = new GenerationsService(engine, health, 'w1', silentLog());
  const identity = { workerId: 'w1', modelId: 'm' };
  const heartbeats = new HeartbeatService((await connectBus()).bus, engine, generations, health, identity);
  heartbeats.start();
  started.push(heartbeats);
  return { heartbeats, generations, heard, left };
}

describe('a worker', () => {
  it('says what it is as soon as it starts', async () => {
    const { heard } = await newWorker();
    await eventually('it is heard', () => heard.length === 1);
    expect(heard).toEqual([
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

  it('says that its engine is unavailable and why, and how often it fails', async () => {
    const { heard } = await newWorker({ ...soundHealth, available: false, reason: 'ECONNREFUSED', failureRate: 0.5 });
    await eventually('it is heard', () => heard.length === 1);
    expect(heard).toMatchObject([{ available: false, unavailableReason: 'ECONNREFUSED', failureRate: 0.5 }]);
  });

  it('does not say how much it takes where it does not know', async () => {
    const { heard } = await newWorker(soundHealth, { contextTokens: undefined });
    await eventually('it is heard', () => heard.length === 1);
    expect(heard[0]).not.toHaveProperty('contextTokens');
  });

  it('says it again and again, as the same start of itself', async () => {
    const { heard } = await newWorker();
    await eventually('it is heard three times', () => heard.length >= 3);
    expect(new Set(heard.map(({ startedAt }) => startedAt)).size).toBe(1);
  });

  it('says that it drains', async () => {
    const { heartbeats, generations, heard } = await newWorker();
    await generations.drain(new AbortController().signal);
    heartbeats.beat();
    await eventually('it is heard', () => heard.some(({ draining }) => draining));
  });

  it('says good-bye, and nothing after that', async () => {
    const { heartbeats, heard, left } = await newWorker();
    await eventually('it is heard', () => heard.length === 1);
    heartbeats.stop();
    await eventually('it said good-bye', () => left.length === 1);
    expect(left).toEqual(['w1']);
    const before = heard.length;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(heard).toHaveLength(before);
  });
});
