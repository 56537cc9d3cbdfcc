import { emptyUsage, usageRecorded, usageReported } from '@xerotier/contracts/inference';
import type { AccountingContext, TokenUsage, UsageRecord, UsageReport } from '@xerotier/contracts/inference';
import { silentLog } from '@xerotier/log/testing';
import { connectBus, DurablePublisher, ensureStream } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import { eventually } from '@xerotier/testing';
import { sealAccounting } from '@xerotier/usage-accounting';
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { runningAuth, usageSealKey } from '../../test/running-auth.ts';
import { metrics } from '../metrics.ts';
import { UsageRepository } from '../usage/usage.repository.ts';
import { UsageService } from '../usage/usage.service.ts';
import { LedgerCheckService } from './ledger-check.service.ts';
import type { CheckedRequest } from './ledger-check.service.ts';
import { Reconciler } from './reconciler.ts';
import { UsageReportsRepository } from './usage-reports.repository.ts';

const auth = runningAuth();
let connection: BusConnection;
let reports: DurablePublisher<typeof usageReported>;
let records: DurablePublisher<typeof usageRecorded>;

beforeAll(async () => {
  connection = await connectBus({ url: auth.servers.nats.url, name: 'test', log: silentLog() });
  await ensureStream(connection, usageReported);
  reports = new DurablePublisher(connection, usageReported, silentLog());
  records = new DurablePublisher(connection, usageRecorded, silentLog());
});

afterAll(async () => {
  await Promise.all([reports.close(1_000), records.close(1_000)]);
  await connection.nats.close();
});

const usageOf = (completionTokens: number): TokenUsage => ({ ...emptyUsage(), promptTokens: 7, completionTokens });

function aContext(overrides: Partial<AccountingContext> = {}): AccountingContext {
  return {
    requestId: `req_${randomUUID()}`,
    projectId: 'proj_TEST000001',
    endpointId: randomUUID(),
    keyId: 'key_1',
    modelId: 'tiny',
    tier: 'free',
    priority: 'interactive',
    kind: 'chat.completion',
    streamed: true,
    startedAt: Date.now() - 5_000,
    deadlineAt: Date.now() + 600_000,
    choices: 1,
    ...overrides,
  };
}

function aReport(context: AccountingContext, overrides: Partial<UsageReport> = {}): UsageReport {
  return {
    requestId: context.requestId,
    choiceIndex: 0,
    attempt: 1,
    workerId: 'w1',
    accounting: sealAccounting(createSecretKey(usageSealKey), context),
    usage: usageOf(5),
    outcome: 'failed',
    callerLost: true,
    begun: true,
    endedAt: Date.now(),
    ...overrides,
  };
}

/** What the gateway records. */
function aRecord(
  { choices: _choices, deadlineAt: _deadlineAt, ...context }: AccountingContext,
  completionTokens: number,
): UsageRecord {
  return { ...context, usage: usageOf(completionTokens), outcome: 'completed', durationMs: 10, timeToFirstTokenMs: 1 };
}

function ledgerOf({ requestId }: AccountingContext): Promise<Record<string, unknown>[]> {
  return auth.database.query<Record<string, unknown>[]>(
    `SELECT outcome, source, estimated, completion_tokens::int AS tokens FROM auth.usage_event WHERE request_id = $1`,
    [requestId],
  );
}

async function resultsOf({ requestId }: AccountingContext): Promise<(string | null)[]> {
  const rows = await auth.database.query<{ result: string | null }[]>(
    'SELECT result FROM auth.usage_report WHERE request_id = $1 ORDER BY choice_index, attempt',
    [requestId],
  );
  return rows.map(({ result }) => result);
}

function reconciled(context: AccountingContext, results: string[]): Promise<unknown> {
  return eventually(
    `the results are ${results.join(', ')}`,
    async () => JSON.stringify(await resultsOf(context)) === JSON.stringify(results),
  );
}

const valueOf = async (metric: { get(): Promise<{ values: { value: number }[] }> }): Promise<number> =>
  (await metric.get()).values.reduce((total, { value }) => total + value, 0);

describe('reports of workers', () => {
  it('become the ledger row of a request whose gateway was lost, once', async () => {
    const context = aContext({ choices: 2 });
    const [first, second] = [aReport(context), aReport(context, { choiceIndex: 1, usage: usageOf(4) })];
    for (const report of [first, second, first, second]) reports.publish(report);
    await reconciled(context, ['settled', 'settled']);
    expect(await ledgerOf(context)).toEqual([{ outcome: 'failed', source: 'worker', estimated: false, tokens: 9 }]);
  });

  it('agree with the record of a gateway', async () => {
    const context = aContext();
    reports.publish(aReport(context, { outcome: 'completed', callerLost: false }));
    records.publish(aRecord(context, 5));
    await reconciled(context, ['matched']);
    expect(await ledgerOf(context)).toEqual([{ outcome: 'completed', source: 'gateway', estimated: false, tokens: 5 }]);
  });

  it('wait for the deadline of a request that may run on another worker', async () => {
    const context = aContext({ deadlineAt: Date.now() + 3_000 });
    reports.publish(aReport(context, { outcome: 'failed', callerLost: false, begun: false }));
    await eventually('it was postponed', async () => {
      const [row] = await auth.database.query<{ postponed: boolean }[]>(
        `SELECT check_at > received_at + interval '2 s' AS postponed FROM auth.usage_report WHERE request_id = $1`,
        [context.requestId],
      );
      return row?.postponed;
    });
    expect(await ledgerOf(context)).toEqual([]);
    await reconciled(context, ['settled']);
    expect(await ledgerOf(context)).toHaveLength(1);
  });

  it('that differ from the ledger are drift, and are logged', async () => {
    const context = aContext({ deadlineAt: Date.now() });
    records.publish(aRecord(context, 3));
    await eventually('the record is in the ledger', async () => (await ledgerOf(context)).length === 1);
    reports.publish(aReport(context, { outcome: 'completed', callerLost: false }));
    await reconciled(context, ['drift']);
    expect(auth.logText()).toContain('ledger differs from the reports of workers');
    expect(await ledgerOf(context)).toMatchObject([{ tokens: 3, source: 'gateway' }]);
  });

  it('are no drift when the gateway says that it has estimated', async () => {
    const context = aContext({ deadlineAt: Date.now() });
    records.publish({ ...aRecord(context, 3), estimated: true });
    await eventually('the record is in the ledger', async () => (await ledgerOf(context)).length === 1);
    reports.publish(aReport(context));
    await reconciled(context, ['estimated']);
  });

  it('win over a late record, which is counted', async () => {
    const context = aContext();
    reports.publish(aReport(context));
    await reconciled(context, ['settled']);
    records.publish(aRecord(context, 6));
    await eventually('it is logged', () => auth.logText().includes('late usage record differs from the ledger'));
    expect(await ledgerOf(context)).toMatchObject([{ tokens: 5, source: 'worker' }]);
  });

  it.each<[string, (context: AccountingContext) => Partial<UsageReport>]>([
    ['were sealed for another request', () => ({ accounting: aReport(aContext()).accounting })],
    [
      'were sealed under another key',
      (context) => ({ accounting: sealAccounting(createSecretKey(randomBytes(32)), context) }),
    ],
    ['are not sealed', (context) => ({ accounting: Buffer.from(JSON.stringify(context)).toString('base64url') })],
  ])('are dropped when they %s, and the others are stored', async (_, forged) => {
    const [context, honest] = [aContext(), aContext()];
    reports.publish(aReport(context, forged(context)));
    reports.publish(aReport(honest));
    await reconciled(honest, ['settled']);
    expect(await resultsOf(context)).toEqual([]);
    expect(await ledgerOf(context)).toEqual([]);
    expect(auth.logText()).toContain('its accounting context cannot be decrypted');
  });

  it('that the database rejects are dropped, and the others are stored', async () => {
    const [context, honest] = [aContext({ endUser: '\u0000' }), aContext()];
    reports.publish(aReport(context));
    reports.publish(aReport(honest));
    await reconciled(honest, ['settled']);
    expect(await resultsOf(context)).toEqual([]);
  });

  it('of a database outage are stored after it', async () => {
    await auth.servers.postgres.stop();
    const context = aContext();
    reports.publish(aReport(context));
    await auth.servers.postgres.restart();
    await reconciled(context, ['settled']);
  });
});

describe('Reconciler', () => {
  function newReconciler(): Reconciler {
    const ledger = new UsageRepository(auth.database);
    const usage = { graceSeconds: 1, sealKey: usageSealKey, previousSealKey: undefined };
    return new Reconciler(
      new UsageReportsRepository(auth.database),
      ledger,
      new UsageService(ledger, silentLog()),
      { storedUntil: async () => Date.now() },
      { usage },
      silentLog(),
    );
  }

  it('writes each row once when several replicas reconcile concurrently', async () => {
    const contexts = Array.from({ length: 100 }, () => aContext());
    for (const context of contexts) reports.publish(aReport(context));
    const settledBefore = await valueOf(metrics.usageRows);
    const isDone = async (): Promise<boolean> =>
      (await Promise.all(contexts.slice(0, 5).map(resultsOf))).every(([result]) => result === 'settled');
    const replicas = [newReconciler(), newReconciler(), newReconciler()];
    await eventually('all are settled', async () => {
      await Promise.all(replicas.map((replica) => replica.reconcileDue()));
      return isDone();
    });
    const rows = await auth.database.query<{ rows: number }[]>(
      'SELECT count(*)::int AS rows FROM auth.usage_event WHERE request_id = ANY($1)',
      [contexts.map(({ requestId }) => requestId)],
    );
    expect(rows).toEqual([{ rows: 100 }]);
    expect((await valueOf(metrics.usageRows)) - settledBefore).toBe(100);
  });
});

describe('LedgerCheckService', () => {
  async function checkedIn(from: string, to: string): Promise<CheckedRequest[]> {
    const usage = { graceSeconds: 1, sealKey: usageSealKey, previousSealKey: undefined };
    const reported = new UsageReportsRepository(auth.database);
    const service = new LedgerCheckService(reported, new UsageRepository(auth.database), { usage });
    const checked: CheckedRequest[] = [];
    for await (const one of service.check({ from: new Date(from), to: new Date(to) })) checked.push(one);
    return checked;
  }

  it('yields a request once, in the range with its last report', async () => {
    const context = aContext({ choices: 2 });
    reports.publish(aReport(context));
    reports.publish(aReport(context, { choiceIndex: 1 }));
    await reconciled(context, ['settled', 'settled']);
    await auth.database.query(
      `UPDATE auth.usage_report SET received_at = timestamptz '2026-01-01T00:05Z' + choice_index * interval '10 minutes'
       WHERE request_id = $1`,
      [context.requestId],
    );
    const { requestId, projectId } = context;
    expect(await checkedIn('2026-01-01T00:00Z', '2026-01-01T01:00Z')).toEqual([
      { requestId, projectId, result: 'matched', tokens: 0 },
    ]);
    expect(await checkedIn('2026-01-01T00:00Z', '2026-01-01T00:10Z')).toEqual([]);
  });
});

describe('the purge', () => {
  it('deletes reports of seven days ago that agree with the ledger, and keeps drift', async () => {
    const [old, drifted, recent] = [aContext(), aContext(), aContext()];
    for (const context of [old, drifted, recent]) reports.publish(aReport(context));
    for (const context of [old, drifted, recent]) await reconciled(context, ['settled']);
    const ids = [old.requestId, drifted.requestId];
    await auth.database.query(
      "UPDATE auth.usage_report SET received_at = now() - interval '8 days' WHERE request_id = ANY($1)",
      [ids],
    );
    await auth.database.query("UPDATE auth.usage_report SET result = 'drift' WHERE request_id = $1", [
      drifted.requestId,
    ]);
    await new UsageReportsRepository(auth.database).deleteReconciled(1_000);
    expect(await resultsOf(old)).toEqual([]);
    expect(await resultsOf(drifted)).toEqual(['drift']);
    expect(await resultsOf(recent)).toEqual(['settled']);
  });
});
