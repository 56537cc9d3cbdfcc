import { budgetsContract, projectEvent } from '@xerotier/contracts/auth';
import type { BudgetRecord, ChangeContext } from '@xerotier/contracts/auth';
import type { UsageRecord } from '@xerotier/contracts/inference';
import { withEveryTenant } from '@xerotier/db';
import { silentLog } from '@xerotier/log/testing';
import { connectBus, consumeEvents } from '@xerotier/nats';
import { eventually } from '@xerotier/testing';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { runningAuth } from '../../test/running-auth.ts';
import { aUsageRecord } from '../../test/usage-records.ts';
import { UsageRepository } from '../usage/usage.repository.ts';
import { BudgetAlerts } from './budget-alerts.ts';
import type { BudgetsInput } from './budgets.service.ts';
import { PendingAnnouncements } from './pending-announcements.ts';

const { operations } = budgetsContract;
const auth = runningAuth();
const NOT_FOUND = { code: 'budget.not_found' };
let projectId: string;
let usage: UsageRepository;

beforeEach(async () => {
  ({ id: projectId } = await auth.seed());
  usage = new UsageRepository(auth.database);
});

const contextOf = (id = projectId): ChangeContext => ({
  ...{ projectId: id, actor: { kind: 'api_key', id: 'key_1' } },
  ...{ clientAddress: '203.0.113.7', requestId: `req_${randomUUID()}` },
});

type Properties = Omit<BudgetsInput<'createBudget'>, 'context'>;

function create(properties: Partial<Properties> = {}, context = contextOf()): Promise<BudgetRecord> {
  return auth.bus.call(operations.createBudget, {
    ...{ context, name: 'Production', amountMicros: 1_000, period: 'month', thresholds: [50, 100] },
    ...properties,
  });
}

const get = (budgetId: string, of = projectId): Promise<BudgetRecord> =>
  auth.bus.call(operations.getBudget, { projectId: of, budgetId });

/** A request that costs this much, in micro-units. */
const costing = (micros: number, overrides: Partial<UsageRecord> = {}): UsageRecord =>
  aUsageRecord({
    ...{ projectId, tier: 'gpu_amd_shared', startedAt: Date.now() },
    usage: { ...aUsageRecord().usage, promptTokens: micros, cachedTokens: 0, completionTokens: 0 },
    ...overrides,
  });

async function alerts(budgetId: string, page: Partial<BudgetsInput<'listBudgetAlerts'>> = {}): Promise<unknown[]> {
  const input = { projectId, budgetId, limit: 20, order: 'asc' as const, ...page };
  const { data } = await auth.bus.call(operations.listBudgetAlerts, input);
  return data.map(({ threshold, spentMicros }) => [threshold, spentMicros]);
}

const monthsAgo = (months: number): number => {
  const now = new Date();
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1, 12);
};

describe('a budget', () => {
  it('is created, listed, changed and deleted', async () => {
    const created = await create({ thresholds: [100, 50, 50] });
    const periodStart = `${new Date().toISOString().slice(0, 7)}-01`;
    expect(created).toMatchObject({ name: 'Production', thresholds: [50, 100], periodStart, spentMicros: 0 });
    expect(await get(created.id)).toEqual(created);
    await usage.append([costing(300)]);
    const updated = await auth.bus.call(operations.updateBudget, {
      ...{
        context: contextOf(),
        budgetId: created.id,
        name: 'All',
        period: 'day',
        amountMicros: 2_000,
        thresholds: [1_000],
      },
    });
    expect(updated).toEqual({
      ...created,
      ...{ name: 'All', period: 'day', amountMicros: 2_000, thresholds: [1_000] },
      ...{ periodStart: new Date().toISOString().slice(0, 10), spentMicros: 300 },
    });
    const second = await create();
    const list = { projectId, limit: 1, order: 'desc' as const };
    expect(await auth.bus.call(operations.listBudgets, list)).toMatchObject({
      data: [{ id: second.id }],
      hasMore: true,
    });
    await auth.bus.call(operations.deleteBudget, { context: contextOf(), budgetId: second.id });
    expect(await auth.bus.call(operations.listBudgets, list)).toEqual({ data: [updated], hasMore: false });
    await expect(get(second.id)).rejects.toMatchObject(NOT_FOUND);
    const actions = await withEveryTenant(auth.database, (manager) =>
      manager.query<{ action: string }[]>(
        'SELECT action FROM auth.audit_event WHERE project_id = $1 ORDER BY sequence',
        [projectId],
      ),
    );
    expect(actions.map(({ action }) => action)).toEqual([
      'budget.created',
      'budget.updated',
      'budget.created',
      'budget.deleted',
    ]);
  });

  it('is created once with an idempotency key', async () => {
    const context = { ...contextOf(), idempotencyKey: 'once' };
    expect((await create({}, context)).id).toBe((await create({}, context)).id);
  });

  it('does not exist in another project', async () => {
    const { id: budgetId } = await create();
    const { id: other } = await auth.seed();
    await expect(get(budgetId, other)).rejects.toMatchObject(NOT_FOUND);
    const change = { context: contextOf(other), budgetId };
    await expect(auth.bus.call(operations.updateBudget, { ...change, name: 'x' })).rejects.toMatchObject(NOT_FOUND);
    await expect(auth.bus.call(operations.deleteBudget, change)).rejects.toMatchObject(NOT_FOUND);
    await expect(alerts(budgetId, { projectId: other })).rejects.toMatchObject(NOT_FOUND);
  });

  it('is one of at most a hundred', async () => {
    await withEveryTenant(auth.database, (manager) =>
      manager.query(
        `INSERT INTO auth.budget (id, project_id, name, amount_micros, period, thresholds)
         SELECT 'budget_' || i || $1, $1, 'b', 1000000000, 'day', '{100}' FROM generate_series(1, 100) AS i`,
        [projectId],
      ),
    );
    await expect(create()).rejects.toMatchObject({ code: 'budget.too_many' });
  });
});

describe('a threshold', () => {
  it('is reached once per period, with the spent amount', async () => {
    const { id } = await create();
    await usage.append([costing(499)]);
    expect(await alerts(id)).toEqual([]);
    await usage.append([costing(1)]);
    expect(await alerts(id)).toEqual([[50, 500]]);
    await usage.append([costing(1)]);
    expect(await alerts(id)).toEqual([[50, 500]]);
    await usage.append([costing(2_000)]);
    expect(await alerts(id)).toEqual([
      [50, 500],
      [100, 2_501],
    ]);
  });

  it('is not reached by a request that is delivered again', async () => {
    const { id } = await create();
    const record = costing(400);
    await usage.append([record, record]);
    await usage.append([record]);
    expect(await alerts(id)).toEqual([]);
  });

  it('is reached by late usage of an earlier period, if the budget existed', async () => {
    const { id } = await create();
    await usage.append([costing(600, { startedAt: monthsAgo(1) })]);
    expect(await alerts(id)).toEqual([]);
    await withEveryTenant(auth.database, (manager) =>
      manager.query('UPDATE auth.budget SET created_at = $2 WHERE id = $1', [id, new Date(monthsAgo(2))]),
    );
    await usage.append([costing(1, { startedAt: monthsAgo(1) }), costing(1, { startedAt: monthsAgo(3) })]);
    expect(await alerts(id)).toEqual([[50, 601]]);
    await usage.append([costing(600)]);
    expect(await alerts(id)).toEqual([
      [50, 601],
      [50, 600],
    ]);
  });

  it('is reached when a budget is created or lowered below what was spent', async () => {
    await usage.append([costing(600)]);
    const { id } = await create();
    expect(await alerts(id)).toEqual([[50, 600]]);
    await auth.bus.call(operations.updateBudget, { context: contextOf(), budgetId: id, amountMicros: 600 });
    expect(await alerts(id)).toEqual([
      [50, 600],
      [100, 600],
    ]);
  });

  it('is not reached by other projects, nor for a deleted budget', async () => {
    const { id } = await create();
    const other = await auth.seed();
    await usage.append([costing(1_000, { projectId: other.id })]);
    expect(await alerts(id)).toEqual([]);
    await auth.bus.call(operations.deleteBudget, { context: contextOf(), budgetId: id });
    await usage.append([costing(1_000)]);
    const rows = await withEveryTenant(auth.database, (manager) =>
      manager.query<unknown[]>('SELECT 1 FROM auth.budget_alert WHERE budget_id = $1', [id]),
    );
    expect(rows).toEqual([]);
  });

  it('is in a history of pages in both orders', async () => {
    const { id } = await create({ thresholds: [10, 20, 30] });
    for (const _ of [1, 2, 3]) await usage.append([costing(100)]);
    const page = { projectId, budgetId: id, limit: 2 };
    const { data, hasMore } = await auth.bus.call(operations.listBudgetAlerts, { ...page, order: 'desc' });
    expect([data.map(({ threshold }) => threshold), hasMore]).toEqual([[30, 20], true]);
    expect(await alerts(id, { after: data[1]!.id, order: 'desc' })).toEqual([[10, 100]]);
    await expect(alerts(id, { after: randomUUID() })).rejects.toMatchObject({ code: 'list.unknown_cursor' });
  });

  it('is announced once', async () => {
    const received: z.output<typeof projectEvent.data>[] = [];
    const connection = await connectBus({ url: auth.servers.nats.url, name: 'test', log: silentLog() });
    const consuming = await consumeEvents(connection, projectEvent, async (events) => void received.push(...events), {
      durable: `test-${randomUUID()}`,
      log: silentLog(),
    });
    const { id, name, periodStart } = await create({ thresholds: [100, 200] });
    await usage.append([costing(1_000)]);
    await usage.append([costing(1_000)]);
    const ours = (): typeof received => received.filter((event) => event.projectId === projectId);
    await eventually('both thresholds are announced', () => ours().length >= 2);
    const data = { id, name, period: 'month', period_start: periodStart, amount_micros: 1_000 };
    // Events are not ordered.
    expect(ours().toSorted((a, b) => Number(a.data['threshold']) - Number(b.data['threshold']))).toMatchObject([
      { type: 'budget.threshold_reached', data: { ...data, threshold: 100, spent_micros: 1_000 } },
      { type: 'budget.threshold_reached', data: { ...data, threshold: 200, spent_micros: 2_000 } },
    ]);
    await consuming.stop();
    await connection.nats.close();
  });
});

describe('a budget that is created while usage is recorded', () => {
  it('sees usage that is committed only afterwards', async () => {
    const [recorded, committing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const day = new Date().toISOString().slice(0, 10);
    const recording = withEveryTenant(auth.database, async (manager) => {
      await manager.query(
        `INSERT INTO auth.usage_day (project_id, day, endpoint_id, key_id, model_id, tier, requests, failed_requests, cancelled_requests,
           prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, accepted_prediction_tokens, rejected_prediction_tokens,
           cost_micros, unpriced_requests)
         VALUES ($1, $2, gen_random_uuid(), 'key_1', 'tiny', 'free', 1, 0, 0, 1, 0, 1, 0, 0, 0, 600, 0)`,
        [projectId, day],
      );
      await new BudgetAlerts(manager).raise([{ projectId, day }]);
      recorded.resolve();
      await committing.promise;
    });
    await recorded.promise;
    const creating = create();
    // Whether it waits or not, it has begun.
    await new Promise((resolve) => setTimeout(resolve, 500));
    committing.resolve();
    await recording;
    const { id, spentMicros } = await creating;
    expect([spentMicros, await alerts(id)]).toEqual([600, [[50, 600]]]);
  });

  it('raises its alerts, however concurrently, and waits for nothing in a circle', async () => {
    const others = await Promise.all([auth.seed(), auth.seed()]);
    for (let round = 0; round < 15; round += 1) {
      ({ id: projectId } = await auth.seed());
      // Another budget is changed meanwhile, and batches have records of several projects, in any order.
      const changed = round % 2 === 0 ? undefined : await create({ amountMicros: 1_000_000 });
      const batch = (i: number): UsageRecord[] =>
        [projectId, ...others.map(({ id }) => id)]
          .toSorted((left, right) => (left < right ? -1 : 1) * (i % 2 === 0 ? 1 : -1))
          .map((id) => costing(150, { projectId: id, keyId: `key_${i}` }));
      const rename = (budgetId: string): Promise<unknown> =>
        auth.bus.call(operations.updateBudget, { context: contextOf(), budgetId, name: 'Other' });
      const [{ id }] = await Promise.all([
        create(),
        ...others.map((other) => create({}, contextOf(other.id))),
        ...Array.from({ length: 4 }, (_, i) => usage.append(batch(i))),
        ...(changed === undefined ? [] : [rename(changed.id), rename(changed.id)]),
      ] as const);
      const reached = (await alerts(id)) as number[][];
      expect(reached.map(([threshold]) => threshold)).toEqual([50]);
    }
  });
});

describe('an outbox without room', () => {
  it('delays the event of an alert, and neither usage nor a budget', async () => {
    await auth.database.query(
      `INSERT INTO auth.outbox (id, subject, payload, headers, available_at)
       SELECT gen_random_uuid(), 'test.full', '[]', '{}', now() + interval '1 day' FROM generate_series(1, 100000)`,
    );
    // Those that are published wait for their consumers.
    const outboxed = async (): Promise<unknown[]> =>
      auth.database.query<unknown[]>(
        "SELECT payload FROM auth.outbox WHERE subject <> 'test.full' AND available_at < 'infinity'",
      );
    try {
      const { id } = await create();
      expect(await usage.append([costing(600)])).toBe(1);
      expect(await alerts(id)).toEqual([[50, 600]]);
      const lowered = await auth.bus.call(operations.updateBudget, {
        ...{ context: contextOf(), budgetId: id, amountMicros: 600 },
      });
      expect(lowered.spentMicros).toBe(600);
      expect(await alerts(id)).toHaveLength(2);
      const pending = new PendingAnnouncements(auth.database, silentLog());
      await pending.announceAll();
      expect(await outboxed()).toEqual([]);

      const received: z.output<typeof projectEvent.data>[] = [];
      const connection = await connectBus({ url: auth.servers.nats.url, name: 'test', log: silentLog() });
      const consuming = await consumeEvents(connection, projectEvent, async (events) => void received.push(...events), {
        durable: `test-${randomUUID()}`,
        log: silentLog(),
      });
      await auth.database.query("DELETE FROM auth.outbox WHERE subject = 'test.full'");
      // Replicas announce at the same time.
      await Promise.all([pending.announceAll(), pending.announceAll()]);
      await pending.announceAll();
      const ours = (): unknown[] => received.filter((event) => event.projectId === projectId);
      await eventually('the events are published', () => ours().length >= 2);
      await eventually('the outbox is empty', async () => (await outboxed()).length === 0);
      expect(ours()).toHaveLength(2);
      expect(ours()).toContainEqual(
        expect.objectContaining({
          type: 'budget.threshold_reached',
          data: expect.objectContaining({ id, threshold: 50, spent_micros: 600, amount_micros: 1_000 }),
        }),
      );
      await consuming.stop();
      await connection.nats.close();
    } finally {
      await auth.database.query("DELETE FROM auth.outbox WHERE subject = 'test.full'");
    }
  });
});

describe('the alerts of budgets', () => {
  it('are those of the sum, however concurrently it is spent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 2, maxLength: 24 }), async (costs) => {
        ({ id: projectId } = await auth.seed());
        const thresholds = [20, 50, 100, 200];
        const budgets = [await create({ thresholds }), await create({ thresholds, period: 'day' })];
        const queue = costs.map((micros, i) => costing(micros, { keyId: `key_${i}` }));
        await Promise.all(
          Array.from({ length: 6 }, async () => {
            for (let record = queue.pop(); record !== undefined; record = queue.pop()) await usage.append([record]);
          }),
        );
        const spent = costs.reduce((sum, micros) => sum + micros, 0);
        const reached = thresholds.filter((percent) => spent * 100 >= percent * 1_000);
        for (const { id } of budgets)
          expect((await alerts(id)).map((alert) => (alert as number[])[0]).toSorted((a, b) => a! - b!)).toEqual(
            reached,
          );
      }),
      { numRuns: 12 },
    );
  });
});
