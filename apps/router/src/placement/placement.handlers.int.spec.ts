import 'reflect-metadata';
import { leasesReleased, routerContract } from '@xerotier/contracts/router';
import { heartbeat, workerLeft } from '@xerotier/contracts/xim';
import type { AcquireInput, Model } from '@xerotier/contracts/router';
import type { WorkerState } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import { silentLog } from '@xerotier/log/testing';
import type { Bus } from '@xerotier/nats';
import { testBuses } from '@xerotier/nats/testing';
import { createTestingHandlers } from '@xerotier/service-host/testing';
import type { TestingService } from '@xerotier/service-host/testing';
import { eventually, testServers } from '@xerotier/testing';
import { LeaseTable } from '../fleet/lease-table.ts';
import { ModelsHandlers } from '../models/models.handlers.ts';
import { ModelsService } from '../models/models.service.ts';
import { LeastLoadedPolicy } from './least-loaded.policy.ts';
import { PlacementHandlers } from './placement.handlers.ts';
import { PlacementService } from './placement.service.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);
const started: TestingService[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((router) => router.stop()));
});

const MODEL: Model = { id: 'm', name: 'org/m', ownedBy: 'org', contextTokens: 100, createdAt: 1 };
const { acquire, acquireMany, getModels } = routerContract.operations;
let tickets = 0;

function aRequest(overrides: Partial<AcquireInput> = {}): AcquireInput {
  tickets += 1;
  return {
    ticketId: `ticket-${tickets}`,
    requestId: `req-${tickets}`,
    modelId: 'm',
    projectId: 'proj_1',
    tier: 'free',
    priority: 'interactive',
    promptTokensEstimate: 1,
    excludedWorkers: [],
    waitMs: 0,
    deadlineMs: 30_000,
    ...overrides,
  };
}

interface Router {
  /** A caller on its own bus, which also plays the workers. */
  readonly bus: Bus;
  readonly placement: PlacementService;
  readonly advertised: string[];
  beat(overrides?: Partial<WorkerState>): Promise<void>;
}

async function newRouter(): Promise<Router> {
  const placement = new PlacementService(new LeaseTable(), new LeastLoadedPolicy(), silentLog());
  const advertised: string[] = [];
  const models = {
    get: (ids: string[]) => Promise.resolve([MODEL].filter(({ id }) => ids.includes(id))),
    registerAdvertised: async ({ workerId }: WorkerState) => void advertised.push(workerId),
  };
  const { connection } = await connectBus();
  const router = await createTestingHandlers({
    connection,
    serves: [routerContract],
    // In this order: an advertised model implies that placement has received the heartbeat.
    providers: [
      { provide: PlacementService, useValue: placement },
      { provide: ModelsService, useValue: models },
      PlacementHandlers,
      ModelsHandlers,
    ],
  });
  started.push(router);
  const { bus } = await connectBus();
  return {
    bus,
    placement,
    advertised,
    beat: async (overrides = {}) => {
      const state = {
        workerId: 'w1',
        modelId: 'm',
        engine: 'scripted',
        slots: 1,
        active: [],
        contextTokens: 100,
        draining: false,
        startedAt: 1,
        ...overrides,
      };
      bus.publish(heartbeat, state, { values: { worker: state.workerId } });
      await eventually('it is received', () => advertised.includes(state.workerId));
    },
  };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => AppError.from(error).code,
  );
}

describe('the handlers of the router contract', () => {
  it('discover a worker by its heartbeat, and grant its slots', async () => {
    const { bus, beat } = await newRouter();
    expect(await codeOf(bus.call(acquire, aRequest()))).toBe('router.no_worker');
    await beat();
    expect(await bus.call(acquire, aRequest())).toMatchObject({ status: 'granted', workerId: 'w1' });
    expect(await bus.call(acquire, aRequest())).toEqual({ status: 'queued', position: 1 });
  });

  it('process many requests in order, each with a grant, a position or an error', async () => {
    const { bus, beat } = await newRouter();
    await beat();
    const { results } = await bus.call(acquireMany, {
      requests: [aRequest(), aRequest({ modelId: 'unknown' }), aRequest({ waitMs: 5_000 })],
    });
    expect(results).toEqual([
      { status: 'granted', leaseId: expect.any(String), workerId: 'w1' },
      {
        status: 'rejected',
        error: expect.objectContaining({
          code: 'router.no_worker',
          details: { model: 'unknown' },
          retryAfterSeconds: 5,
        }),
      },
      { status: 'queued', position: 1 },
    ]);
  });

  it('grant a released slot to a queued request', async () => {
    const { bus, beat } = await newRouter();
    await beat();
    const first = await bus.call(acquire, aRequest());
    if (first.status !== 'granted') throw new Error('Expected a grant');
    const waiting = bus.call(acquire, aRequest({ waitMs: 5_000 }));
    bus.publish(leasesReleased, { leases: [{ leaseId: first.leaseId, workerId: 'w1', outcome: 'done' }] });
    expect(await waiting).toMatchObject({ status: 'granted', workerId: 'w1' });
  });

  it('grant no slot of a worker that lost a request, until its next heartbeat', async () => {
    const { bus, beat, placement } = await newRouter();
    await beat({ slots: 2 });
    const first = await bus.call(acquire, aRequest());
    if (first.status !== 'granted') throw new Error('Expected a grant');
    bus.publish(leasesReleased, { leases: [{ leaseId: first.leaseId, workerId: 'w1', outcome: 'lost' }] });
    await bus.flush();
    const waiting = bus.call(acquire, aRequest({ waitMs: 5_000 }));
    await eventually('it is queued', () => placement.queued === 1);
    await beat({ slots: 2 });
    expect(await waiting).toMatchObject({ status: 'granted' });
  });

  it('remove a worker that leaves', async () => {
    const { bus, beat } = await newRouter();
    await beat();
    bus.publish(workerLeft, { workerId: 'w1' }, { values: { worker: 'w1' } });
    await bus.flush();
    expect(await bus.call(acquire, aRequest())).toMatchObject({ status: 'queued' });
  });

  it('return known models', async () => {
    const { bus } = await newRouter();
    expect(await bus.call(getModels, { ids: ['m', 'unknown'] })).toEqual({ models: [MODEL] });
  });

  it('resolve waiting requests on drain, and accept no more', async () => {
    const { bus, beat, placement } = await newRouter();
    await beat();
    await bus.call(acquire, aRequest());
    const waiting = bus.call(acquire, aRequest({ waitMs: 5_000 }));
    await eventually('it is queued', () => placement.queued === 1);
    await started.pop()?.drain(AbortSignal.timeout(10_000));
    expect(await waiting).toEqual({ status: 'queued', position: 1 });
    expect(await codeOf(bus.call(acquire, aRequest()))).toBe('bus.no_responders');
  });
});
