/** Inference of the responses service, and its end. The other side of the bus is a router without a free worker. */
import { usageRecord, usageRecorded } from '@xerotier/contracts/inference';
import type { UsageRecord } from '@xerotier/contracts/inference';
import { routerContract } from '@xerotier/contracts/router';
import type { AppError } from '@xerotier/errors';
import { InferenceClient } from '@xerotier/inference';
import { silentLog } from '@xerotier/log/testing';
import { connectBus } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import { createTestingService } from '@xerotier/service-host/testing';
import type { TestingService } from '@xerotier/service-host/testing';
import { eventually } from '@xerotier/testing';
import { z } from 'zod';
import { ENDPOINT, runningResponses } from '../../test/running-responses.ts';
import { AppModule } from '../app.module.ts';
import { settings } from '../config.ts';

const running = runningResponses();
const records: UsageRecord[] = [];
/** Requests that wait for a worker. */
let queued: string[];
let ledger: BusConnection;
let service: TestingService;

beforeAll(async () => {
  const { acquire, acquireMany } = routerContract.operations;
  running.bus.serve(
    { ...routerContract, operations: { acquire, acquireMany } },
    {
      acquire: async ({ requestId, waitMs }) => {
        queued.push(requestId);
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        return { status: 'queued', position: 1 };
      },
      acquireMany: ({ requests }) => ({ results: requests.map(() => ({ status: 'queued', position: 1 })) }),
    },
  );
  ledger = await connectBus({ url: running.servers.nats.url, name: 'ledger', log: silentLog() });
  ledger.nats.subscribe(usageRecorded.subject, {
    callback: (_error, message) => void records.push(...z.array(usageRecord).parse(message.json())),
  });
  await ledger.nats.flush();
});
afterAll(() => ledger.nats.close());

beforeEach(async () => {
  queued = [];
  service = await createTestingService({ name: 'responses', settings, module: AppModule, env: running.env });
});
afterEach(() => service.stop());

/** Runs a chat; returns the code of its error. */
function run(requestId: string): Promise<string> {
  return new Promise((resolve, reject) => {
    service.nest.get(InferenceClient, { strict: false }).chat(
      {
        requestId,
        projectId: running.newProject(),
        endpointId: ENDPOINT,
        keyId: 'key_1',
        tier: 'free',
        modelId: 'm',
        priority: 'interactive',
        chat: { model: 'm', messages: [{ role: 'user', content: 'Hello' }] },
        seedDigits: undefined,
      },
      {
        head: () => undefined,
        data: () => undefined,
        end: () => reject(new Error('There is no worker.')),
        error: ({ code }: AppError) => resolve(code),
      },
    );
  });
}

describe('a stopping responses service', () => {
  it('ends running inference when the grace period is over, and publishes its usage before it closes', async () => {
    const failure = run('req_running');
    await eventually('the request waits for a worker', () => queued.includes('req_running'));
    const grace = new AbortController();
    let isDrained = false;
    const drained = service.drain(grace.signal).then(() => (isDrained = true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isDrained).toBe(false);
    grace.abort();
    await drained;
    expect(await failure).toBe('service.draining');
    await service.close();
    await eventually('the record arrives', () => records.length > 0);
    expect(records).toMatchObject([{ requestId: 'req_running', outcome: 'failed' }]);
  });

  it('is drained at once without any', async () => {
    await service.drain(new AbortController().signal);
  });
});
