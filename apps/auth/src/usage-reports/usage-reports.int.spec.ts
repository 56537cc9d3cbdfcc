import { emptyUsage, usageRecorded, usageReported } from '@xerotier/contracts/inference';
import type {
  AccountingContext,
  ReportedGeneration,
  TokenUsage,
  UsageRecord,
  UsageReport,
} from '@xerotier/contracts/inference';
import { silentLog } from '@xerotier/log/testing';
import { connectBus, DurablePublisher, ensureStream } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import { eventually } from '@xerotier/testing';
import { AccountSealer, encodeFacts } from '@xerotier/usage-accounting';
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { runningAuth, usageSealKey } from '../../test/running-auth.ts';
import { metrics } from '../metrics.ts';
import { UsageRepository } from '../usage/usage.repository.ts';
import { UsageService } from '../usage/usage.service.ts';
import { LedgerCheckService } from './ledger-check.service.ts';
import type { CheckedRequest } from './ledger-check.service.ts';
import { Reconciler } from './reconciler.ts';
import { ReportedGenerationsRepository } from './reported-generations.repository.ts';
import { ReportedGenerationsService } from './reported-generations.service.ts';
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

function aGeneration(context: AccountingContext, overrides: Partial<ReportedGeneration> = {}): ReportedGeneration {
  return {
    requestId: context.requestId,
    account: 0,
    facts: encodeFacts(context),
    choiceIndex: 0,
    attempt: 1,
    usage: usageOf(5),
    outcome: 'failed',
    callerLost: true,
    begun: true,
    endedAt: Date.now(),
    ...overrides,
  };
}

/** @param sealedAt by default when the request started. */
function sealOf(context: AccountingContext, key: Buffer = usageSealKey, sealedAt = context.startedAt): string {
  return new AccountSealer(createSecretKey(key), () => sealedAt).seal(context);
}

/** A report of generations of the same account. */
function reportOf(context: AccountingContext, ...generations: ReportedGeneration[]): UsageReport {
  return { id: randomUUID(), workerId: 'w1', accounts: [sealOf(context)], generations };
}

function aReport(context: AccountingContext, overrides: Partial<ReportedGeneration> = {}): UsageReport {
  return reportOf(context, aGeneration(context, overrides));
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

/** The results of the generations that did not match as they were reported. */
async function resultsOf({ requestId }: AccountingContext): Promise<(string | null)[]> {
  const rows = await auth.database.query<{ result: string | null }[]>(
    'SELECT result FROM auth.reported_generation WHERE request_id = $1 ORDER BY choice_index, attempt',
    [requestId],
  );
  return rows.map(({ result }) => result);
}

function isChecked({ id }: UsageReport): Promise<unknown> {
  return eventually('the report is checked', async () => {
    const rows = await auth.database.query('SELECT FROM auth.usage_report WHERE id = $1 AND checked_at IS NOT NULL', [
      id,
    ]);
    return rows.length === 1;
  });
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

  const completed = { outcome: 'completed', callerLost: false } as const;

  it('that agree with the record of a gateway are checked as a whole', async () => {
    const [context, other] = [aContext({ choices: 2 }), aContext()];
    const choices = [0, 1].map((choiceIndex) => aGeneration(context, { ...completed, choiceIndex }));
    const report = reportOf(context, ...choices, aGeneration(other, completed));
    records.publish({ ...aRecord(context, 10), kind: 'chat.completion' });
    records.publish(aRecord(other, 5));
    reports.publish(report);
    await isChecked(report);
    expect([await resultsOf(context), await resultsOf(other)]).toEqual([[], []]);
    expect(await ledgerOf(context)).toEqual([
      { outcome: 'completed', source: 'gateway', estimated: false, tokens: 10 },
    ]);
  });

  it('that are not checked as a whole agree by request: of a retry, and of choices in several reports', async () => {
    const [retried, split] = [aContext(), aContext({ choices: 2 })];
    const failed = aReport(retried, { usage: undefined, callerLost: false, begun: false });
    const second = aReport(retried, { ...completed, attempt: 2 });
    const choices = [0, 1].map((choiceIndex) => aReport(split, { ...completed, choiceIndex }));
    records.publish(aRecord(retried, 5));
    records.publish(aRecord(split, 10));
    for (const report of [failed, second, ...choices]) reports.publish(report);
    await reconciled(retried, ['matched', 'matched']);
    await reconciled(split, ['matched', 'matched']);
  });

  it('agree with the record of a gateway that came after their check', async () => {
    const context = aContext({ deadlineAt: Date.now() + 600_000 });
    const report = aReport(context, { outcome: 'cancelled', callerLost: false });
    reports.publish(report);
    await isChecked(report);
    records.publish(aRecord(context, 5));
    await eventually('the record is in the ledger', async () => (await ledgerOf(context)).length === 1);
    await auth.database.query('UPDATE auth.reported_generation SET check_at = now() WHERE request_id = $1', [
      context.requestId,
    ]);
    await reconciled(context, ['matched']);
    expect(await ledgerOf(context)).toEqual([{ outcome: 'completed', source: 'gateway', estimated: false, tokens: 5 }]);
  });

  it('wait for the deadline of a request that may run on another worker', async () => {
    const context = aContext({ startedAt: Date.now(), deadlineAt: Date.now() + 3_000 });
    reports.publish(aReport(context, { outcome: 'failed', callerLost: false, begun: false }));
    await eventually('it was postponed', async () => {
      const [row] = await auth.database.query<{ postponed: boolean }[]>(
        `SELECT check_at > received_at + interval '2 s' AS postponed FROM auth.reported_generation WHERE request_id = $1`,
        [context.requestId],
      );
      return row?.postponed;
    });
    expect(await ledgerOf(context)).toEqual([]);
    await reconciled(context, ['settled']);
    expect(await ledgerOf(context)).toHaveLength(1);
  });

  it('that differ from the ledger are drift, and are logged', async () => {
    const context = aContext({ deadlineAt: Date.now() - 4_999 });
    records.publish(aRecord(context, 3));
    await eventually('the record is in the ledger', async () => (await ledgerOf(context)).length === 1);
    reports.publish(aReport(context, { outcome: 'completed', callerLost: false }));
    await reconciled(context, ['drift']);
    expect(auth.logText()).toContain('ledger differs from the reports of workers');
    expect(await ledgerOf(context)).toMatchObject([{ tokens: 3, source: 'gateway' }]);
  });

  it('are no drift when the gateway says that it has estimated', async () => {
    const context = aContext({ deadlineAt: Date.now() - 4_999 });
    records.publish({ ...aRecord(context, 3), estimated: true });
    await eventually('the record is in the ledger', async () => (await ledgerOf(context)).length === 1);
    reports.publish(aReport(context));
    await reconciled(context, ['estimated']);
  });

  it('win over a late record, which is counted, and neither billed nor summed', async () => {
    const context = aContext({ tier: 'gpu_amd_shared', projectId: `proj_${randomUUID()}` });
    reports.publish(aReport(context));
    await reconciled(context, ['settled']);
    records.publish(aRecord(context, 6));
    await eventually('it is logged', () => auth.logText().includes('late usage record differs from the ledger'));
    expect(await ledgerOf(context)).toMatchObject([{ tokens: 5, source: 'worker' }]);
    const sums = await auth.database.query<unknown[]>(
      `SELECT requests::int, usage_day.completion_tokens::int AS tokens, usage_day.cost_micros = usage_event.cost_micros AS "isBilledOnce"
       FROM auth.usage_day JOIN auth.usage_event USING (project_id) WHERE project_id = $1`,
      [context.projectId],
    );
    expect(sums).toEqual([{ requests: 1, tokens: 5, isBilledOnce: true }]);
  });

  it.each<[string, (context: AccountingContext) => string]>([
    ['for requests of another time', (context) => sealOf(context, usageSealKey, context.startedAt - 3_600_000)],
    ['under another key', (context) => sealOf(context, randomBytes(32))],
    ['by nobody', (context) => Buffer.from(JSON.stringify(context)).toString('base64url')],
  ])('are dropped when their account was sealed %s, and the others are stored', async (_, forged) => {
    const [context, honest] = [aContext(), aContext()];
    reports.publish({ ...aReport(context), accounts: [forged(context)] });
    reports.publish(aReport(honest));
    await reconciled(honest, ['settled']);
    expect(await resultsOf(context)).toEqual([]);
    expect(await ledgerOf(context)).toEqual([]);
    expect(auth.logText()).toContain('invalid reported generation dropped');
  });

  it('are dropped when their request does not have that choice', async () => {
    const context = aContext();
    const generations = [0, 1, 2].map((choiceIndex) => aGeneration(context, { choiceIndex }));
    reports.publish(reportOf(context, ...generations));
    await reconciled(context, ['settled']);
    expect(await ledgerOf(context)).toMatchObject([{ tokens: 5 }]);
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

const usage = { graceSeconds: 1, sealKey: usageSealKey, previousSealKey: undefined };

describe('Reconciler', () => {
  function newReconciler(): Reconciler {
    const ledger = new UsageRepository(auth.database);
    return new Reconciler(
      new ReportedGenerationsRepository(auth.database),
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
    const isDone = async (): Promise<boolean> => {
      const settled = await auth.database.query<unknown[]>(
        "SELECT FROM auth.reported_generation WHERE result = 'settled' AND request_id = ANY($1)",
        [contexts.map(({ requestId }) => requestId)],
      );
      return settled.length === contexts.length;
    };
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
    const generations = new ReportedGenerationsRepository(auth.database);
    const service = new LedgerCheckService(
      new UsageReportsRepository(auth.database),
      generations,
      new ReportedGenerationsService(generations, { usage }, silentLog()),
      new UsageRepository(auth.database),
      { usage },
    );
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
      `UPDATE auth.reported_generation SET received_at = timestamptz '2026-01-01T00:05Z' + choice_index * interval '10 minutes'
       WHERE request_id = $1`,
      [context.requestId],
    );
    const { requestId, projectId } = context;
    expect(await checkedIn('2026-01-01T00:00Z', '2026-01-01T01:00Z')).toEqual([
      { requestId, projectId, result: 'matched', tokens: 0 },
    ]);
    expect(await checkedIn('2026-01-01T00:00Z', '2026-01-01T00:10Z')).toEqual([]);
  });

  it('yields the requests of reports that were checked as a whole, and finds what has changed since', async () => {
    const [matching, drifting, missing] = [aContext(), aContext(), aContext()];
    const all = [matching, drifting, missing];
    const report = reportOf(matching, ...all.map((context) => aGeneration(context, { callerLost: false })));
    for (const context of all) records.publish(aRecord(context, 5));
    reports.publish(report);
    await isChecked(report);
    // As a superuser who tampers with the ledger.
    await auth.database.query(`
      SET session_replication_role = replica;
      UPDATE auth.usage_event SET completion_tokens = 3 WHERE request_id = '${drifting.requestId}';
      DELETE FROM auth.usage_event WHERE request_id = '${missing.requestId}';
      RESET session_replication_role`);
    await auth.database.query(
      `UPDATE auth.usage_report SET received_at = '2026-01-02T00:05Z', content =
         regexp_replace(content::text, '~\\d+"', '~1"', 'g')::json WHERE id = $1`,
      [report.id],
    );
    const found = await checkedIn('2026-01-02T00:00Z', '2026-01-02T00:10Z');
    expect(found.map(({ requestId, result, tokens }) => ({ requestId, result, tokens }))).toEqual([
      { requestId: matching.requestId, result: 'matched', tokens: 0 },
      { requestId: drifting.requestId, result: 'drift', tokens: 2 },
      { requestId: missing.requestId, result: 'unrecorded', tokens: 12 },
    ]);
  });
});

describe('the purge', () => {
  it('deletes reports of seven days ago that agree with the ledger, and keeps drift', async () => {
    const [old, drifted, recent] = [aContext(), aContext(), aContext()];
    for (const context of [old, drifted, recent]) reports.publish(aReport(context));
    for (const context of [old, drifted, recent]) await reconciled(context, ['settled']);
    const ids = [old.requestId, drifted.requestId];
    await auth.database.query(
      "UPDATE auth.reported_generation SET received_at = now() - interval '8 days' WHERE request_id = ANY($1)",
      [ids],
    );
    await auth.database.query("UPDATE auth.reported_generation SET result = 'drift' WHERE request_id = $1", [
      drifted.requestId,
    ]);
    await new ReportedGenerationsRepository(auth.database).deleteReconciled(1_000);
    expect(await resultsOf(old)).toEqual([]);
    expect(await resultsOf(drifted)).toEqual(['drift']);
    expect(await resultsOf(recent)).toEqual(['settled']);
  });

  it('deletes reports of seven days ago that were checked', async () => {
    const [old, unchecked, recent] = [aReport(aContext()), aReport(aContext()), aReport(aContext())];
    for (const report of [old, unchecked, recent]) reports.publish(report);
    for (const report of [old, unchecked, recent]) await isChecked(report);
    const ids = [old.id, unchecked.id];
    await auth.database.query(
      "UPDATE auth.usage_report SET received_at = now() - interval '8 days' WHERE id = ANY($1)",
      [ids],
    );
    await auth.database.query('UPDATE auth.usage_report SET checked_at = NULL WHERE id = $1', [unchecked.id]);
    await new UsageReportsRepository(auth.database).deleteChecked(1_000);
    const left = await auth.database.query<{ id: string }[]>('SELECT id FROM auth.usage_report WHERE id = ANY($1)', [
      [...ids, recent.id],
    ]);
    expect(left.map(({ id }) => id).toSorted()).toEqual([unchecked.id, recent.id].toSorted());
  });
});
