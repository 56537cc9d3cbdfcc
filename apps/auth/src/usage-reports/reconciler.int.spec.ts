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
import { ReportedGenerationsRepository } from './reported-generations.repository.ts';
import type { OpenedGeneration } from './reported-generations.repository.ts';

const servers = testServers('postgres');
let database: DataSource;
let storedUntil: number;

beforeAll(async () => {
  database = await openDatabase({ ...definition, url: servers.postgres.url, poolMax: 4, log: silentLog() });
});
afterAll(() => database.destroy());

function newReconciler(): { generations: ReportedGenerationsRepository; reconciler: Reconciler } {
  const ledger = new UsageRepository(database);
  const generations = new ReportedGenerationsRepository(database);
  const usage = { graceSeconds: 1, sealKey: randomBytes(32), previousSealKey: undefined };
  const backlog = { storedUntil: async () => storedUntil };
  const service = new UsageService(ledger, silentLog());
  return { generations, reconciler: new Reconciler(generations, ledger, service, backlog, { usage }, silentLog()) };
}

function aContext(choices = 1): AccountingContext {
  return {
    ...{ requestId: `req_${randomUUID()}`, projectId: 'proj_TEST000001', endpointId: randomUUID(), keyId: 'key_1' },
    ...{ modelId: 'tiny', tier: 'free', priority: 'interactive', kind: 'chat.completion', streamed: true, choices },
    ...{ startedAt: Date.now() - 5_000, deadlineAt: Date.now() + 600_000 },
  };
}

const generationsOf = (context: AccountingContext, receivedAt: Date): OpenedGeneration[] =>
  Array.from({ length: context.choices }, (_, choiceIndex) => ({
    ...{ context, choiceIndex, attempt: 1, workerId: 'w1', outcome: 'completed', callerLost: false, begun: true },
    ...{ usage: { ...emptyUsage(), completionTokens: 6 }, endedAt: receivedAt.getTime(), receivedAt },
  }));

it('writes a missing row only when all that was published until it was due is stored', async () => {
  const { generations, reconciler } = newReconciler();
  await generations.append(generationsOf(aContext(), new Date()));
  // Due since long.
  const due = () =>
    database.query(
      "UPDATE auth.reported_generation SET received_at = now() - interval '1 h', check_at = now() - interval '1 h'",
    );
  const sources = (): Promise<unknown> => database.query('SELECT source FROM auth.usage_event');

  await due();
  storedUntil = Date.now() - 2 * 3_600_000;
  await reconciler.reconcileDue();
  expect(await sources()).toEqual([]);
  const waiting = 'SELECT result, check_at > now() AS waits FROM auth.reported_generation';
  expect(await database.query(waiting)).toEqual([{ result: null, waits: true }]);

  await due();
  storedUntil = Date.now();
  await reconciler.reconcileDue();
  expect(await sources()).toEqual([{ source: 'worker' }]);
});

it('says that there is more until all is reconciled, whatever the number of choices, and stops when all have to wait', async () => {
  const { generations, reconciler } = newReconciler();
  await database.query('DELETE FROM auth.reported_generation');
  const hourAgo = new Date(Date.now() - 3_600_000);
  await generations.append(Array.from({ length: 501 }, () => generationsOf(aContext(2), hourAgo)).flat());
  const left = (): Promise<unknown> =>
    database.query(
      'SELECT count(*)::int AS left FROM auth.reported_generation WHERE result IS NULL AND check_at <= now()',
    );

  storedUntil = Date.now() - 2 * 3_600_000;
  expect(await reconciler.reconcileDue()).toBe(false);
  expect(await left()).toEqual([{ left: 2 }]);

  await database.query('UPDATE auth.reported_generation SET check_at = received_at');
  storedUntil = Date.now();
  expect(await reconciler.reconcileDue()).toBe(true);
  expect(await left()).toEqual([{ left: 2 }]);
  expect(await reconciler.reconcileDue()).toBe(false);
  expect(await left()).toEqual([{ left: 0 }]);
});
