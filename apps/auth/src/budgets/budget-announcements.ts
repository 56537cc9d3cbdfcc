import { withDbErrors } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import type { EntityManager } from 'typeorm';
import { ProjectEvents } from '../changes/project-events.ts';

const FIND = `
  SELECT alert.id, alert.project_id AS "projectId", budget.id AS "budgetId", name, period, period_start::text AS "periodStart",
    threshold, alert.amount_micros AS "amountMicros", spent_micros AS "spentMicros"
  FROM auth.budget_alert AS alert JOIN auth.budget ON budget.id = budget_id`;
const FIND_THESE = `${FIND} WHERE alert.id = ANY ($1) ORDER BY budget.id, threshold`;
const FIND_PENDING = `${FIND} WHERE announced_at IS NULL ORDER BY reached_at LIMIT $1 FOR UPDATE OF alert SKIP LOCKED`;

interface Alert {
  readonly id: string;
  readonly projectId: string;
  readonly budgetId: string;
  readonly name: string;
  readonly period: string;
  readonly periodStart: string;
  readonly threshold: number;
  readonly amountMicros: string;
  readonly spentMicros: string;
}

/**
 * Events of alerts. An alert whose event finds no room in the outbox stays pending: neither usage nor budgets wait for NATS. Created
 * per transaction.
 */
export class BudgetAnnouncements {
  readonly #events = new ProjectEvents();

  constructor(private readonly manager: EntityManager) {}

  /** Adds the events of new alerts to the outbox, as far as it has room. @throws {AppError} `db.unavailable`. */
  async announce(alertIds: readonly string[]): Promise<void> {
    await this.#announce(await withDbErrors(() => this.manager.query<Alert[]>(FIND_THESE, [alertIds])));
  }

  /**
   * Adds the events of pending alerts, the oldest first, as far as the outbox has room.
   * @returns how many. @throws {AppError} `db.unavailable`.
   */
  async announcePending(alertsMax: number): Promise<number> {
    return this.#announce(await withDbErrors(() => this.manager.query<Alert[]>(FIND_PENDING, [alertsMax])));
  }

  async #announce(alerts: readonly Alert[]): Promise<number> {
    const announced: string[] = [];
    try {
      for (const alert of alerts) {
        await this.#add(alert);
        announced.push(alert.id);
      }
    } catch (error) {
      // It changes nothing, so that the transaction can go on.
      if (AppError.from(error).code !== 'outbox.full') throw error;
    }
    const set = 'UPDATE auth.budget_alert SET announced_at = clock_timestamp() WHERE id = ANY ($1)';
    if (announced.length > 0) await withDbErrors(() => this.manager.query(set, [announced]));
    return announced.length;
  }

  async #add({ projectId, budgetId, name, period, periodStart, threshold, ...amounts }: Alert): Promise<void> {
    await this.#events.add(this.manager, projectId, {
      type: 'budget.threshold_reached',
      data: {
        ...{ id: budgetId, name, period, period_start: periodStart, threshold },
        ...{ amount_micros: Number(amounts.amountMicros), spent_micros: Number(amounts.spentMicros) },
      },
    });
  }
}
