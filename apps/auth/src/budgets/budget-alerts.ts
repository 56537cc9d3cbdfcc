import { withDbErrors } from '@xerotier/db';
import type { EntityManager } from 'typeorm';
import type { ProjectDay } from '../usage/rollups.repository.ts';
import { BudgetAnnouncements } from './budget-announcements.ts';

/** Any number that no other advisory lock of auth has as its first of two. */
const RECORDING_LOCK = 1;

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
  SELECT id FROM reached`;

/**
 * Projects share these locks, so that a batch of many projects needs few. In their order, as above. A statement sees what was
 * committed before it begins: those that must see more follow it.
 */
const SHARE_RECORDING = `
  SELECT pg_advisory_xact_lock_shared(${RECORDING_LOCK}, shard) FROM (
    SELECT DISTINCT hashtext(id) & 255 AS shard FROM unnest($1::text[]) AS id ORDER BY 1
  ) AS shards`;
const STOP_RECORDING = `SELECT pg_advisory_xact_lock(${RECORDING_LOCK}, hashtext($1) & 255)`;

/** Alerts of budgets, raised by whatever changes the sums of days. Created per transaction. */
export class BudgetAlerts {
  readonly #announcements: BudgetAnnouncements;

  constructor(private readonly manager: EntityManager) {
    this.#announcements = new BudgetAnnouncements(manager);
  }

  /** Locks all budgets of these projects until the transaction ends. */
  async lock(projectIds: readonly string[]): Promise<void> {
    await withDbErrors(() => this.manager.query(LOCK, [projectIds]));
  }

  /**
   * Before a budget is created: waits for transactions that have not seen it and may have changed the sums already, and lets others
   * wait until this transaction ends. Then each change of the sums is seen by the creation of the budget, or sees the budget.
   */
  async stopRecording(projectId: string): Promise<void> {
    await withDbErrors(() => this.manager.query(STOP_RECORDING, [projectId]));
  }

  /**
   * Raises an alert for each threshold that was reached in the periods of these days, and was not before. The sums must have been
   * changed already: of two concurrent transactions that reach a threshold only together, the later one sees both, since the
   * budgets are locked.
   * @throws {AppError} `db.unavailable`.
   */
  async raise(touched: readonly ProjectDay[]): Promise<void> {
    const projectIds = [...new Set(touched.map(({ projectId }) => projectId))];
    await withDbErrors(() => this.manager.query(SHARE_RECORDING, [projectIds]));
    const [budgets] = await withDbErrors(() => this.manager.query<{ found: boolean }[]>(HAS_BUDGETS, [projectIds]));
    if (budgets?.found !== true) return;
    await this.lock(projectIds);
    await this.raiseLocked(touched);
  }

  /** As `raise`, of projects whose budgets are locked. */
  async raiseLocked(touched: readonly ProjectDay[]): Promise<void> {
    const reached = await withDbErrors(() => this.manager.query<{ id: string }[]>(RAISE, [JSON.stringify(touched)]));
    if (reached.length > 0) await this.#announcements.announce(reached.map(({ id }) => id));
  }
}
