import { listPage, withDbErrors } from '@xerotier/db';
import type { PageRequest } from '@xerotier/db';
import type { EntityManager } from 'typeorm';
import { AuditEvent } from './audit-event.entity.ts';
import { AuditHead } from './audit-head.entity.ts';

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

  head(projectId: string): Promise<AuditHead | null> {
    return withDbErrors(() => this.manager.findOneBy(AuditHead, { projectId }));
  }
}
