import { SYSTEM_LOG_ID } from '@xerotier/contracts/auth';
import { listPage, withDbErrors } from '@xerotier/db';
import type { PageRequest } from '@xerotier/db';
import type { EntityManager } from 'typeorm';
import { AuditEvent } from './audit-event.entity.ts';
import { AuditHead } from './audit-head.entity.ts';

const FIND_EVIDENCE = `
  SELECT 'members' AS what FROM auth.member WHERE project_id = $1
  UNION ALL SELECT 'invitations' FROM auth.invitation WHERE project_id = $1
  UNION ALL SELECT 'budgets' FROM auth.budget WHERE project_id = $1
  UNION ALL SELECT 'revoked API keys' FROM auth.api_key WHERE project_id = $1 AND revoked_at IS NOT NULL
  UNION ALL SELECT 'a spend cap' FROM auth.project WHERE id = $1 AND spend_cap_micros IS NOT NULL
  UNION ALL SELECT 'an archived project' FROM auth.project WHERE id = $1 AND archived_at IS NOT NULL
  UNION ALL SELECT 'operators' FROM auth.account WHERE system_role IS NOT NULL AND $1 = '${SYSTEM_LOG_ID}'
  LIMIT 1`;

export interface AuditFilter {
  readonly action?: string | undefined;
  readonly actorId?: string | undefined;
  readonly targetId?: string | undefined;
}

/** Created per transaction: see SeedRepository. */
export class AuditRepository {
  constructor(private readonly manager: EntityManager) {}

  /** @throws {AppError} `list.unknown_cursor`, `db.unavailable`. */
  list(
    projectId: string,
    { action, actorId, targetId }: AuditFilter,
    page: PageRequest,
  ): Promise<{ rows: AuditEvent[]; hasMore: boolean }> {
    const options = {
      columns: [{ name: 'sequence', type: 'integer' }],
      projectId,
      equal: { action, actor_id: actorId, target_id: targetId },
    };
    return listPage(this.manager.getRepository(AuditEvent), options, page);
  }

  /**
   * What exists of a project, or of the platform, that only audited changes make: it has a log. A project that was seeded has none
   * of it, until it is changed. Undefined if there is nothing.
   */
  async findEvidence(projectId: string): Promise<string | undefined> {
    const [found] = await withDbErrors(() => this.manager.query<{ what: string }[]>(FIND_EVIDENCE, [projectId]));
    return found?.what;
  }

  head(projectId: string): Promise<AuditHead | null> {
    return withDbErrors(() => this.manager.findOneBy(AuditHead, { projectId }));
  }
}
