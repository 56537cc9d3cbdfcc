import { withDbErrors } from '@xerotier/db';
import type { EntityManager } from 'typeorm';
import { ProjectEvents } from '../changes/project-events.ts';
import type { ProjectDay } from '../usage/rollups.repository.ts';

const HAS_BUDGETS =
  'SELECT EXISTS (SELECT FROM auth.budget WHERE project_id = ANY ($1) AND deleted_at IS NULL) AS found';

/** In the order of the ids, so that concurrent transactions do not wait for each other in a circle. */
const LOCK = `
  SELECT id FROM auth.budget WHERE project_id = ANY ($1) AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE`;

/** Calculates with `numeric`, which does not overflow. Periods before that of the creation of a budget raise nothing. */
const RAISE = `
  WITH touched AS (
    SELECT * FROM json_to_recordset($1::json) AS touched ("projectId" text, day date)
  ), period AS (
    SELECT DISTINCT budget.id, date_trunc(period, day)::date AS start
    FROM auth.budget JOIN touched ON project_id = "projectId"
    WHERE deleted_at IS NULL AND date_trunc(period, day) >= date_trunc(period, created_at AT TIME ZONE 'UTC')
  ), spent AS (
    SELECT budget.*, period.start, (
      SELECT coalesce(sum(cost_micros), 0) FROM auth.usage_day
      WHERE usage_day.project_id = budget.project_id
        AND day >= period.start AND day < period.start + ('1 ' || budget.period)::interval
    ) AS spent_micros
    FROM period JOIN auth.budget USING (id)
  ), reached AS (
    INSERT INTO auth.budget_alert (project_id, budget_id, period_start, threshold, amount_micros, spent_micros)
    SELECT project_id, id, start, threshold, amount_micros, spent_micros FROM spent, unnest(thresholds) AS threshold
    WHERE spent_micros * 100 >= amount_micros::numeric * threshold
    ON CONFLICT ON CONSTRAINT budget_alert_threshold_key DO NOTHING
    RETURNING *
  )
  SELECT reached.project_id AS "projectId", budget.id, name, period, period_start::text AS "periodStart", threshold,
    reached.amount_micros AS "amountMicros", spent_micros AS "spentMicros"
  FROM reached JOIN auth.budget ON budget.id = budget_id ORDER BY budget.id, threshold`;

interface ReachedThreshold {
  readonly projectId: string;
  readonly id: string;
  readonly name: string;
  readonly period: string;
  readonly periodStart: string;
  readonly threshold: number;
  readonly amountMicros: string;
  readonly spentMicros: string;
}

/** Alerts of budgets, raised by whatever changes the sums of days. Created per transaction. */
export class BudgetAlerts {
  readonly #events = new ProjectEvents();

  constructor(private readonly manager: EntityManager) {}

  /** Locks all budgets of these projects until the transaction ends. */
  async lock(projectIds: readonly string[]): Promise<void> {
    await withDbErrors(() => this.manager.query(LOCK, [projectIds]));
  }

  /**
   * Raises an alert for each threshold that was reached in the periods of these days, and was not before. The sums must have been
   * changed already: of two concurrent transactions that reach a threshold only together, the later one sees both, since the
   * budgets are locked.
   * @throws {AppError} `outbox.full`, `db.unavailable`.
   */
  async raise(touched: readonly ProjectDay[]): Promise<void> {
    const projectIds = [...new Set(touched.map(({ projectId }) => projectId))];
    const [budgets] = await withDbErrors(() => this.manager.query<{ found: boolean }[]>(HAS_BUDGETS, [projectIds]));
    if (budgets?.found !== true) return;
    await this.lock(projectIds);
    const reached = await withDbErrors(() => this.manager.query<ReachedThreshold[]>(RAISE, [JSON.stringify(touched)]));
    for (const { projectId, id, name, period, periodStart, threshold, amountMicros, spentMicros } of reached)
      await this.#events.add(this.manager, projectId, {
        type: 'budget.threshold_reached',
        data: {
          ...{ id, name, period, period_start: periodStart, threshold },
          ...{ amount_micros: Number(amountMicros), spent_micros: Number(spentMicros) },
        },
      });
  }
}
