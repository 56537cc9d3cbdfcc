import { withDbErrors } from '@xerotier/db';
import { ensure } from '@xerotier/errors';
import type { SpendCapRecord } from '@xerotier/contracts/auth';
import type { EntityManager } from 'typeorm';
import { MONTH_ENDS_AT, spentInMonth } from './spend-month.ts';

type Row = { readonly [Name in keyof SpendCapRecord]: string | null };

/** Created per transaction: see SeedRepository. */
export class SpendCapsRepository {
  constructor(private readonly manager: EntityManager) {}

  /** The spend cap of a project, and what it has spent. @throws {AppError} `project.not_found`. */
  async get(projectId: string): Promise<SpendCapRecord> {
    const rows = await withDbErrors(() =>
      this.manager.query<Row[]>(
        `SELECT spend_cap_micros AS "capMicros", ${spentInMonth('project_id = project.id')} AS "spentMicros",
           ${MONTH_ENDS_AT} AS "endsAt" FROM auth.project WHERE id = $1`,
        [projectId],
      ),
    );
    const { capMicros, spentMicros, endsAt } = ensure(rows[0], 'project.not_found', { project: projectId });
    return {
      capMicros: capMicros === null ? null : Number(capMicros),
      spentMicros: Number(spentMicros),
      endsAt: Number(endsAt),
    };
  }
}
