import { withDbErrors } from '@xerotier/db';
import type { EntityManager } from 'typeorm';
import { columnsOf, rollups, selectSums } from './rollups.ts';

/** Days of UTC such as `2026-11-29`; the end is not part of it. */
export interface DayRange {
  readonly start: string;
  readonly end: string;
}

/** One day of a project. */
export interface ProjectDay {
  readonly projectId: string;
  readonly day: string;
}

const IS_PROJECT_DAY = 'project_id = $1 AND day = $2::date';
const STARTED_ON_DAY = `project_id = $1 AND started_at >= $2::date::timestamp AT TIME ZONE 'UTC'
  AND started_at < ($2::date + 1)::timestamp AT TIME ZONE 'UTC'`;

/** Compares the rollups with the ledger, and derives them again. Created per transaction: see SeedRepository. */
export class RollupsRepository {
  constructor(private readonly manager: EntityManager) {}

  /** The projects with usage in the ledger or in a rollup. Reads one entry of the index per project. */
  async listProjects(): Promise<string[]> {
    const rows = await this.#query<{ projectId: string }>(
      `WITH RECURSIVE project AS (
         SELECT min(project_id) AS id FROM auth.usage_event
         UNION ALL
         SELECT (SELECT min(project_id) FROM auth.usage_event WHERE project_id > project.id) FROM project WHERE id IS NOT NULL
       )
       SELECT id AS "projectId" FROM project WHERE id IS NOT NULL
       UNION SELECT project_id FROM auth.usage_day
       UNION SELECT project_id FROM auth.usage_day_end_user
       ORDER BY 1`,
      [],
    );
    return rows.map(({ projectId }) => projectId);
  }

  /** The number of rows of the rollups that differ from the ledger, at one moment. */
  async countDifferences({ projectId, day }: ProjectDay): Promise<number> {
    const differences = rollups.map((rollup) => {
      const stored = `SELECT ${columnsOf(rollup)} FROM ${rollup.table} WHERE ${IS_PROJECT_DAY}`;
      const expected = `(${selectSums(rollup, 'auth.usage_event', STARTED_ON_DAY)})`;
      const keys = rollup.keys.join(', ');
      return `(SELECT count(DISTINCT (${keys})) FROM (
        (${stored} EXCEPT ${expected}) UNION ALL (${expected} EXCEPT ${stored})) AS difference)`;
    });
    const [row] = await this.#query<{ differences: string }>(`SELECT ${differences.join(' + ')} AS differences`, [
      projectId,
      day,
    ]);
    return Number(row?.differences);
  }

  /** Replaces the sums of one day by those of the ledger. Until the transaction ends, nothing is recorded. */
  async rebuild({ projectId, day }: ProjectDay): Promise<void> {
    const tables = ['auth.usage_event', ...rollups.map(({ table }) => table)];
    await this.#query(`LOCK TABLE ${tables.join(', ')} IN SHARE ROW EXCLUSIVE MODE`, []);
    for (const rollup of rollups) {
      await this.#query(`DELETE FROM ${rollup.table} WHERE ${IS_PROJECT_DAY}`, [projectId, day]);
      await this.#query(
        `INSERT INTO ${rollup.table} (${columnsOf(rollup)}) ${selectSums(rollup, 'auth.usage_event', STARTED_ON_DAY)}`,
        [projectId, day],
      );
    }
  }

  #query<Row extends object>(statement: string, parameters: readonly string[]): Promise<Row[]> {
    return withDbErrors(() => this.manager.query<Row[]>(statement, [...parameters]));
  }
}
