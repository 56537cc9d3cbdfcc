import type { BudgetPeriod } from '@xerotier/contracts/auth';
import { keysetPage, listPage, withDbErrors } from '@xerotier/db';
import type { PageRequest } from '@xerotier/db';
import { AppError, ensure } from '@xerotier/errors';
import { In, IsNull } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { BudgetAlert } from './budget-alert.entity.ts';
import { Budget } from './budget.entity.ts';

export type NewBudget = Omit<Budget, 'deletedAt' | 'createdAt'>;

/** The current period, of UTC. */
export interface CurrentPeriod {
  /** Its first day. */
  readonly start: string;
  readonly spentMicros: number;
}

const KEYSET = [
  { name: 'created_at', type: 'timestamptz' },
  { name: 'id', type: 'text' },
] as const;

const ALERTS_KEYSET = [
  { name: 'reached_at', type: 'timestamptz' },
  { name: 'id', type: 'uuid' },
] as const;

/** Created per transaction: see SeedRepository. */
export class BudgetsRepository {
  constructor(private readonly manager: EntityManager) {}

  /** Without deleted ones. @throws {AppError} `list.unknown_cursor`, `db.unavailable`. */
  list(projectId: string, page: PageRequest): Promise<{ rows: Budget[]; hasMore: boolean }> {
    const options = { columns: KEYSET, projectId, filter: 'deleted_at IS NULL' };
    return listPage(this.manager.getRepository(Budget), options, page);
  }

  /** @throws {AppError} `budget.not_found`, also for a deleted budget. */
  async get(projectId: string, id: string): Promise<Budget> {
    const budget = await withDbErrors(() => this.manager.findOneBy(Budget, { projectId, id, deletedAt: IsNull() }));
    return ensure(budget, 'budget.not_found', { budget: id });
  }

  count(projectId: string): Promise<number> {
    return withDbErrors(() => this.manager.countBy(Budget, { projectId, deletedAt: IsNull() }));
  }

  create(budget: NewBudget): Promise<Budget> {
    return withDbErrors(() => this.manager.save(Budget, this.manager.create(Budget, budget)));
  }

  /** @returns the budget afterwards. */
  async update(budget: Budget, values: Partial<Budget>): Promise<Budget> {
    const { projectId, id } = budget;
    await withDbErrors(() => this.manager.update(Budget, { projectId, id }, values));
    return this.manager.create(Budget, { ...budget, ...values });
  }

  /** What the project has spent in the current periods. */
  async currentPeriods(projectId: string): Promise<Record<BudgetPeriod, CurrentPeriod>> {
    const rows = await withDbErrors(() =>
      this.manager.query<{ period: BudgetPeriod; start: string; spent: string }[]>(
        `SELECT period, start::text, (
           SELECT coalesce(sum(cost_micros), 0) FROM auth.usage_day
           WHERE project_id = $1 AND day >= start AND day < start + ('1 ' || period)::interval
         ) AS spent
         FROM unnest(ARRAY['day', 'month']) AS period, date_trunc(period, now() AT TIME ZONE 'UTC') AS time,
           LATERAL (SELECT time::date AS start) AS began`,
        [projectId],
      ),
    );
    return Object.fromEntries(
      rows.map(({ period, start, spent }) => [period, { start, spentMicros: Number(spent) }]),
    ) as Record<BudgetPeriod, CurrentPeriod>;
  }

  /** The alerts of a budget. @throws {AppError} `list.unknown_cursor`, `db.unavailable`. */
  async listAlerts(
    { projectId, id }: Budget,
    { after, limit, order }: PageRequest,
  ): Promise<{ rows: BudgetAlert[]; hasMore: boolean }> {
    const cursor = after === undefined ? [null, null] : await this.#alertCursorOf(projectId, id, after);
    const { orderBy, isAfterCursor } = keysetPage(ALERTS_KEYSET, order, 4);
    const found = await withDbErrors(() =>
      this.manager.query<{ id: string }[]>(
        `SELECT id FROM auth.budget_alert WHERE project_id = $1 AND budget_id = $2 AND ${isAfterCursor}
         ORDER BY ${orderBy} LIMIT $3`,
        [projectId, id, limit + 1, ...cursor],
      ),
    );
    const ids = found.slice(0, limit).map((alert) => alert.id);
    const alerts = await withDbErrors(() => this.manager.findBy(BudgetAlert, { projectId, id: In(ids) }));
    const byId = new Map(alerts.map((alert) => [alert.id, alert]));
    return { rows: ids.flatMap((alertId) => byId.get(alertId) ?? []), hasMore: found.length > limit };
  }

  async #alertCursorOf(projectId: string, budgetId: string, after: string): Promise<unknown[]> {
    const [row] = await withDbErrors(() =>
      this.manager.query<{ reachedAt: string }[]>(
        `SELECT reached_at::text AS "reachedAt" FROM auth.budget_alert
         WHERE project_id = $1 AND budget_id = $2 AND id = $3`,
        [projectId, budgetId, after],
      ),
    );
    if (row === undefined) throw new AppError('list.unknown_cursor', { after }, { param: 'after' });
    return [row.reachedAt, after];
  }
}
