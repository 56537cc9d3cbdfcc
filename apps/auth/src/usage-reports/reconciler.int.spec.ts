/** The reconciler on a real database, with a backlog that the test decides. */
import 'reflect-metadata';
import { emptyUsage } from '@xerotier/contracts/inference';
import type { AccountingContext } from '@xerotier/contracts/inference';
import { openDatabase } from '@xerotier/db';
import { silentLog } from '@xerotier/log/testing';
import { testServers } from '@xerotier/testing';
import { randomBytes, randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { database as definition } from '../db/database.ts';
import { UsageRepository } from '../usage/usage.repository.ts';
import { UsageService } from '../usage/usage.service.ts';
import { Reconciler } from './reconciler.ts';
import { UsageReportsRepository } from './usage-reports.repository.ts';

const servers = testServers('postgres');
let database: DataSource;
let storedUntil: number;

beforeAll(async () => {
  database = await openDatabase({ ...definition, url: servers.postgres.url, poolMax: 4, log: silentLog() });
});
afterAll(() => database.destroy());

it('writes a missing row only when all that was published until it was due is stored', async () => {
  const ledger = new UsageRepository(database);
  const reports = new UsageReportsRepository(database);
  const usage = { graceSeconds: 1, sealKey: randomBytes(32), previousSealKey: undefined };
  const backlog = { storedUntil: async () => storedUntil };
  const reconciler = new Reconciler(
    reports,
    ledger,
    new UsageService(ledger, silentLog()),
    backlog,
    { usage },
    silentLog(),
  );
  const context: AccountingContext = {
    ...{ requestId: `req_${randomUUID()}`, projectId: 'proj_TEST000001', endpointId: randomUUID(), keyId: 'key_1' },
    ...{ modelId: 'tiny', tier: 'free', priority: 'interactive', kind: 'chat.completion', streamed: true, choices: 1 },
    ...{ startedAt: Date.now() - 5_000, deadlineAt: Date.now() + 600_000 },
  };
  const { requestId } = context;
  await reports.append(
    [
      {
        ...{ requestId, choiceIndex: 0, attempt: 1, workerId: 'w1', context, outcome: 'completed', callerLost: false },
        ...{ begun: true, usage: { ...emptyUsage(), completionTokens: 6 }, endedAt: Date.now() },
      },
    ],
    0,
  );
  // Due since long.
  const due = () =>
    database.query(
      "UPDATE auth.usage_report SET received_at = now() - interval '1 h', check_at = now() - interval '1 h'",
    );
  const sources = (): Promise<unknown> => database.query('SELECT source FROM auth.usage_event');

  await due();
  storedUntil = Date.now() - 2 * 3_600_000;
  await reconciler.reconcileDue();
  expect(await sources()).toEqual([]);
  const waiting = 'SELECT result, check_at > now() AS waits FROM auth.usage_report';
  expect(await database.query(waiting)).toEqual([{ result: null, waits: true }]);

  await due();
  storedUntil = Date.now();
  await reconciler.reconcileDue();
  expect(await sources()).toEqual([{ source: 'worker' }]);
});
