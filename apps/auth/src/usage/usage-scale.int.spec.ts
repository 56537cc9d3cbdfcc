/**
 * Reads usage from a large ledger: 20,000 rows in `npm test`, and as many as `USAGE_ROWS` says. With a million or more, it prints
 * the median of each query, which must be below 50 ms. Two are printed only: one that reads rows instead of rollups, and what a batch
 * of records costs.
 */
import { budgetsContract, usageContract } from '@xerotier/contracts/auth';
import { openDatabase } from '@xerotier/db';
import { silentLog } from '@xerotier/log/testing';
import { runningAuth } from '../../test/running-auth.ts';
import { aUsageRecord } from '../../test/usage-records.ts';
import { database } from '../db/database.ts';
import { addToRollup, rollups } from './rollups.ts';
import { UsageRepository } from './usage.repository.ts';

const ROWS = Number(process.env['USAGE_ROWS'] ?? 20_000);
const DAYS = 90;
const ROWS_OF_DAY = Math.ceil(ROWS / DAYS);
const IS_MEASURED = ROWS >= 1_000_000;
const MEDIAN_MS_MAX = 50;
const LOADING_MS_MAX = IS_MEASURED ? 3_600_000 : 60_000;
const RUNS = IS_MEASURED ? 31 : 3;
/** Before today, so that the default range is not part of it. */
const FIRST_DAY = '2026-06-01';
const RANGE = { start: FIRST_DAY, end: '2026-08-30' };
const MONTH = { start: '2026-08-01', end: '2026-08-30' };

/**
 * The rows of one day: every second one of the measured project, which has 20 keys, 5 endpoints and 10,000 end users; the others
 * of 100 projects. The rollups are changed as in production.
 */
const INSERT_DAY = `
  WITH written AS (
    INSERT INTO auth.usage_event (request_id, kind, project_id, endpoint_id, key_id, model_id, tier, priority, outcome, streamed,
      prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, accepted_prediction_tokens,
      rejected_prediction_tokens, started_at, duration_ms, time_to_first_token_ms, end_user, cost_micros, price_version)
    SELECT 'req_' || md5($2 || ':' || i), 'chat.completion',
      CASE WHEN i % 2 = 0 THEN $1 ELSE 'proj_' || (i / 2) % 100 END,
      ('00000000-0000-4000-8000-00000000000' || (i / 2) % 5)::uuid, 'key_' || (i / 10) % 20, 'model-' || (i / 2) % 5,
      'gpu_nvidia_shared', 'interactive', CASE WHEN i % 50 = 0 THEN 'failed' ELSE 'completed' END, true,
      100 + i % 900, i % 100, i % 500, 0, 0, 0,
      $2::date::timestamp AT TIME ZONE 'UTC' + i * interval '86400 seconds' / ${ROWS_OF_DAY}, 500 + i % 2000, 50 + i % 100,
      'user-' || (i * 7919) % 20000, 100 + i % 900, 1
    FROM generate_series(0, ${ROWS_OF_DAY - 1}) AS i
    RETURNING *
  ), ${rollups.map((rollup, at) => `rollup_${at} AS (${addToRollup(rollup, 'written')})`).join(', ')}
  SELECT count(*) FROM written`;

const auth = runningAuth();
const medians: [name: string, medianMs: number][] = [];
let projectId: string;

beforeAll(async () => {
  ({ id: projectId } = await auth.seed());
  const loading = await openDatabase({
    ...{ ...database, url: auth.servers.postgres.url, poolMax: 1, log: silentLog() },
    statementTimeoutMs: LOADING_MS_MAX,
  });
  for (let day = 0; day < DAYS; day += 1) {
    const date = new Date(Date.parse(FIRST_DAY) + day * 86_400_000).toISOString().slice(0, 10);
    await loading.query(INSERT_DAY, [projectId, date]);
  }
  if (IS_MEASURED) await loading.query('VACUUM ANALYZE');
  await loading.destroy();
  const rare = ['2026-06-01', '2026-07-15', '2026-08-29'].map((day) =>
    aUsageRecord({ projectId, modelId: 'rare', startedAt: Date.parse(`${day}T12:00:00Z`) }),
  );
  await new UsageRepository(auth.database).append(rare);
}, LOADING_MS_MAX);

afterAll(() => {
  if (!IS_MEASURED) return;
  const lines = medians.map(([name, ms]) => `| ${name} | ${ms.toFixed(1)} |`);
  process.stdout.write(`${ROWS} rows\n${lines.join('\n')}\n`);
});

async function expectFast<T>(name: string, read: () => Promise<T>): Promise<T> {
  const { result, median } = await measured(name, read);
  if (IS_MEASURED) expect(median).toBeLessThan(MEDIAN_MS_MAX);
  return result;
}

async function measured<T>(name: string, read: () => Promise<T>): Promise<{ result: T; median: number }> {
  let result = await read();
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const start = performance.now();
    result = await read();
    times.push(performance.now() - start);
  }
  const median = times.toSorted((a, b) => a - b)[Math.floor(RUNS / 2)]!;
  medians.push([name, median]);
  return { result, median };
}

const { operations } = usageContract;
const ROWS_OF_PROJECT_DAY = Math.ceil(ROWS_OF_DAY / 2);

describe('a large ledger', () => {
  it.each([
    ['totals of a month', MONTH, 29],
    ['totals of three months', RANGE, DAYS],
  ])('has %s', async (name, range, days) => {
    const totals = await expectFast(name, () => auth.bus.call(operations.getUsageTotals, { projectId, ...range }));
    expect(totals.requests).toBe(days * ROWS_OF_PROJECT_DAY + (days === DAYS ? 3 : 1));
  });

  it('has days', async () => {
    const input = { projectId, ...RANGE, limit: 100, order: 'asc' as const };
    const { data } = await expectFast('days of three months', () => auth.bus.call(operations.listUsageDays, input));
    expect(data).toHaveLength(DAYS);
  });

  it.each([
    ['key', 20],
    ['endpoint', 8],
    ['model', 6],
    ['end_user', 100],
  ] as const)('has groups by %s', async (by, count) => {
    const input = { projectId, ...RANGE, by, limit: 100, order: 'asc' as const };
    const { data } = await expectFast(`by ${by}, three months`, () => auth.bus.call(operations.listUsageGroups, input));
    expect(data).toHaveLength(count);
  });

  it.each([
    ['the latest requests', 100, 'desc', undefined],
    ['the latest requests of a model', 100, 'desc', ['model-3']],
    ['a page of the CSV file', 250, 'asc', undefined],
  ] as const)('has %s', async (name, limit, order, modelIds) => {
    const input = { projectId, ...RANGE, limit, order, ...(modelIds && { modelIds: [...modelIds] }) };
    const { data } = await expectFast(name, () => auth.bus.call(operations.listUsageEvents, input));
    expect(data).toHaveLength(limit);
  });

  it('has a page in the middle', async () => {
    const [middle] = await auth.database.query<{ id: string }[]>(
      `SELECT request_id AS id FROM auth.usage_event WHERE project_id = $1 AND started_at > '2026-07-20' ORDER BY started_at LIMIT 1`,
      [projectId],
    );
    const input = { projectId, ...RANGE, after: middle!.id, limit: 100, order: 'asc' as const };
    const { data } = await expectFast('a page in the middle', () => auth.bus.call(operations.listUsageEvents, input));
    expect(data).toHaveLength(100);
  });

  it('has the few requests of a model', async () => {
    const input = { projectId, ...RANGE, modelIds: ['rare'], limit: 100, order: 'desc' as const };
    const { result } = await measured('the few requests of a model, months apart', () =>
      auth.bus.call(operations.listUsageEvents, input),
    );
    const days = result.data.map(({ startedAt }) => new Date(startedAt).toISOString().slice(0, 10));
    expect(days).toEqual(['2026-08-29', '2026-07-15', '2026-06-01']);
  });

  it('has budgets', async () => {
    const input = { projectId, limit: 20, order: 'asc' as const };
    await expectFast('budgets', () => auth.bus.call(budgetsContract.operations.listBudgets, input));
  });

  it('records a batch', async () => {
    const batch = (): Promise<number> =>
      new UsageRepository(auth.database).append(
        Array.from({ length: 100 }, (_, i) =>
          aUsageRecord({ projectId, endUser: `user-${i}`, startedAt: Date.parse('2026-08-15T12:00:00Z') }),
        ),
      );
    expect(await measured('100 records', batch)).toMatchObject({ result: 100 });
  });
});
