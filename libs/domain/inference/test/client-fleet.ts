/** An inference client on a real NATS, with a router and workers that run scripts. Checks invariants after each test. */
import { usageRecord, usageRecorded } from '@xerotier/contracts/inference';
import type { UsageRecord } from '@xerotier/contracts/inference';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { capturedLog, silentLog } from '@xerotier/log/testing';
import { DurablePublisher, ensureStream } from '@xerotier/nats';
import type { BusOptions, StreamControl } from '@xerotier/nats';
import { testBuses } from '@xerotier/nats/testing';
import type { TestBus } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
import { z } from 'zod';
import { CollectedResponse } from './collected-response.ts';
import { FakeRouter, FakeWorker, MODEL } from './fake-fleet.ts';
import type { Script } from './fake-fleet.ts';
import type { SealAccounting } from '../src/accounting.ts';
import { InferenceClient } from '../src/inference-client.ts';
import type { ChatRequest } from '../src/inference-client.ts';
import type { InferenceLimits } from '../src/inference-run.ts';

export interface Setup {
  /** Scripts of the workers by id; the router prefers the first. */
  readonly workers?: Record<string, Script>;
  readonly router?: 'present' | 'absent';
  /** Whether the workers also serve the shared subject of the model. */
  readonly shared?: boolean;
  readonly limits?: Partial<InferenceLimits>;
  readonly client?: Partial<BusOptions>;
  /** Maximum number of unconfirmed usage events. */
  readonly usageMax?: number;
  readonly sealAccounting?: SealAccounting;
}

export interface Fleet {
  readonly client: InferenceClient;
  readonly router: FakeRouter;
  readonly workers: Record<string, FakeWorker>;
  readonly workerBuses: Record<string, TestBus>;
  readonly lines: () => Record<string, unknown>[];
  run(
    chat?: Partial<ChatCompletionRequest>,
    more?: Partial<ChatRequest>,
  ): { run: StreamControl; response: CollectedResponse; requestId: string };
}

export interface ClientFleets {
  readonly servers: ReturnType<typeof testServers<'nats'>>;
  readonly usages: UsageRecord[];
  newFleet(setup?: Setup): Promise<Fleet>;
  recordOf(requestId: string): Promise<UsageRecord>;
}

/** Call it at the top of a file; it checks the invariants of all requests after each test. */
export function clientFleets(): ClientFleets {
  const servers = testServers('nats');
  const connectBus = testBuses(() => servers.nats.url);
  afterEach(() => checkInvariants());
  /** Usage records of the current test. */
  const usages: UsageRecord[] = [];
  const runs: { response: CollectedResponse; requestId: string }[] = [];
  let fleet: Fleet;
  let requests = 0;

  async function newFleet(setup: Setup = {}): Promise<Fleet> {
    const routerBus = await connectBus();
    const router = new FakeRouter(routerBus.bus, Object.keys(setup.workers ?? {}));
    if (setup.router !== 'absent') await router.serve();
    const workers: Record<string, FakeWorker> = {};
    const workerBuses: Record<string, TestBus> = {};
    for (const [workerId, script] of Object.entries(setup.workers ?? {})) {
      const connected = await connectBus();
      const worker = new FakeWorker(connected.bus, workerId, script);
      await worker.serve({ shared: setup.shared ?? false });
      workers[workerId] = worker;
      workerBuses[workerId] = connected;
    }
    await ensureStream(routerBus.connection, usageRecorded);
    routerBus.connection.nats.subscribe(usageRecorded.subject, {
      callback: (_error, message) => void usages.push(...z.array(usageRecord).parse(message.json())),
    });
    await routerBus.bus.flush();
    const { bus, connection } = await connectBus(setup.client);
    const { log, lines } = capturedLog();
    const usage = new DurablePublisher(connection, usageRecorded, silentLog(), { pendingMax: setup.usageMax });
    const { limits, sealAccounting } = setup;
    const client = new InferenceClient({
      bus,
      usage,
      log,
      ...(limits && { limits }),
      ...(sealAccounting && { sealAccounting }),
    });
    fleet = {
      client,
      router,
      workers,
      workerBuses,
      lines,
      run: (chat = {}, more = {}) => {
        const response = new CollectedResponse();
        const request = { ...aRequest(chat), ...more };
        runs.push({ response, requestId: request.requestId });
        return { run: client.chat(request, response), response, requestId: request.requestId };
      },
    };
    return fleet;
  }

  function aRequest(chat: Partial<ChatCompletionRequest>): ChatRequest {
    requests += 1;
    return {
      requestId: `req_${requests}`,
      projectId: 'proj_1',
      endpointId: '0b7c9a52-51f1-4f4e-9d31-3b6c1d2f4a10',
      keyId: 'key_1',
      tier: 'free',
      modelId: MODEL,
      priority: 'interactive',
      chat: { model: 'tiny', messages: [{ role: 'user', content: 'hello' }], stream: true, ...chat },
    };
  }

  /** Waits for the usage record of a request; every request gets one. */
  function recordOf(requestId: string): Promise<UsageRecord> {
    return eventually('the usage is recorded', () => usages.find((record) => record.requestId === requestId));
  }

  /** Every response ends once, every request is recorded once, and every slot is released once. */
  async function checkInvariants(): Promise<void> {
    const { router, client } = fleet;
    try {
      for (const { response, requestId } of runs) {
        expect(response.order.join(' ')).toMatch(/^(start (choices )?)?(end|error)$/);
        await recordOf(requestId);
        expect(usages.filter((record) => record.requestId === requestId)).toHaveLength(1);
      }
      await eventually('every slot is released', () => router.released.length >= router.granted.length);
      const byId = (a: { leaseId: string }, b: { leaseId: string }): number => a.leaseId.localeCompare(b.leaseId);
      expect(router.released.map(({ leaseId, workerId }) => ({ leaseId, workerId })).toSorted(byId)).toEqual(
        router.granted.toSorted(byId),
      );
      await client.drain(AbortSignal.abort());
    } finally {
      runs.length = 0;
      usages.length = 0;
    }
  }

  return { servers, usages, newFleet, recordOf };
}
