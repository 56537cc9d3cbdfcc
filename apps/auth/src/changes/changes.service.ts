import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { ChangeContext } from '@xerotier/contracts/auth';
import { withTenant } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import { IdempotencyKeys } from '@xerotier/idempotency';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ANNOUNCE_ACCESS_CHANGE } from '../access/access-change.ts';
import type { AccessChange, AnnounceAccessChange } from '../access/access-change.ts';
import { AuditTrail } from '../audit/audit-trail.ts';
import type { AuditedChange } from '../audit/audit-trail.ts';
import { ProjectsRepository } from '../projects/projects.repository.ts';
import { ProjectEvents } from './project-events.ts';
import type { ProjectEvent } from './project-events.ts';

/** What a piece of work has changed in its transaction. */
export interface Change<T> {
  readonly result: T;
  /** Recorded in the audit log, in this order. Absent if nothing has changed. */
  readonly audited?: AuditedChange | readonly AuditedChange[];
  /** Events that leave the service with the commit. */
  readonly events?: readonly ProjectEvent[];
  /** For what takes rights away or restores: an archived project rejects all other changes. */
  readonly isAllowedInArchive?: true;
  /** Makes gateways drop the matching entries of their caches. */
  readonly access?: Omit<AccessChange, 'projectId'>;
}

/**
 * Runs changes of projects: the work, its idempotency key, its audit record and its events are one transaction, so that after a
 * crash at any moment either all of them exist or none.
 */
@Injectable()
export class ChangesService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly idempotencyKeys: IdempotencyKeys,
    private readonly audit: AuditTrail,
    private readonly events: ProjectEvents,
    @Inject(ANNOUNCE_ACCESS_CHANGE) private readonly announce: AnnounceAccessChange,
  ) {}

  /**
   * @param operation its name, such as `createApiKey`.
   * @param input with the operation, what a repeated idempotency key is compared with.
   * @returns the result of the work, or that of the first request with this idempotency key.
   * @throws {AppError} what the work throws, after a rollback; `project.archived`; `idempotency.key_reused`; `db.unavailable`.
   */
  async run<T>(
    context: ChangeContext,
    operation: string,
    input: unknown,
    work: (manager: EntityManager) => Promise<Change<T>>,
  ): Promise<T> {
    const { projectId } = context;
    let access: Change<T>['access'];
    const result = await withTenant(this.database, projectId, (manager) =>
      this.idempotencyKeys.once(manager, { context, operation, input }, async () => {
        const change = await work(manager);
        const audited = [change.audited ?? []].flat();
        for (const one of audited) await this.audit.add(manager, context, one);
        if (audited.length > 0) {
          // After the lock of the audit log, which serializes the changes of a project: none slips in while it is archived.
          if (change.isAllowedInArchive !== true && (await new ProjectsRepository(manager).isArchived(projectId)))
            throw new AppError('project.archived', { project: projectId });
        }
        for (const event of change.events ?? []) await this.events.add(manager, projectId, event);
        access = change.access;
        return change.result;
      }),
    );
    if (access !== undefined) this.announce({ projectId, ...access });
    return result;
  }
}
