import { Injectable } from '@nestjs/common';
import type { ChangeContext } from '@xerotier/contracts/auth';
import { withDbErrors } from '@xerotier/db';
import { randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { AuditEvent } from './audit-event.entity.ts';
import { AuditHead } from './audit-head.entity.ts';
import { GENESIS, hashOf } from './audit-record.ts';
import type { AuditRecord } from './audit-record.ts';
import { HeadSigner } from './head-signer.ts';

export type AuditedChange = Pick<AuditRecord, 'action' | 'target' | 'before' | 'after'>;

/** When a change was made, and the id of its record. */
export type RecordKey = Pick<AuditRecord, 'id' | 'createdAt'>;

/** Adds records to the audit logs of projects. */
@Injectable()
export class AuditTrail {
  constructor(private readonly signer: HeadSigner) {}

  /**
   * Adds a record in the transaction of the change. Changes of one project are serialized from here to their commit, since each
   * record depends on the one before it.
   * @throws {AppError} `db.unavailable`.
   */
  async add(
    manager: EntityManager,
    context: ChangeContext,
    change: AuditedChange,
    key: RecordKey = { id: `audit_${randomBytes(12).toString('hex')}`, createdAt: new Date() },
  ): Promise<void> {
    const { projectId, actor, clientAddress, requestId } = context;
    await withDbErrors(async () => {
      const head = await this.lockHead(manager, projectId);
      const record: AuditRecord = {
        ...key,
        sequence: head.sequence + 1,
        ...{ projectId, actor, clientAddress, requestId },
        ...change,
      };
      const hash = hashOf(record, head.hash);
      await manager.insert(AuditEvent, {
        ...{ id: record.id, projectId, sequence: record.sequence, createdAt: record.createdAt },
        ...{ action: change.action, actorKind: actor.kind, actorId: actor.id, clientAddress, requestId },
        ...{ targetType: change.target.type, targetId: change.target.id },
        ...{ before: change.before, after: change.after, previousHash: head.hash, hash },
      });
      const next = { projectId, sequence: record.sequence, hash };
      await manager.upsert(AuditHead, { ...next, signature: this.signer.sign(next) }, ['projectId']);
    });
  }

  /** As `add`, unless there is a record with the id: for a change that another service tells of more than once. */
  async addOnce(manager: EntityManager, context: ChangeContext, change: AuditedChange, key: RecordKey): Promise<void> {
    const { projectId } = context;
    const { id } = key;
    // Under the lock, since replicas may receive the same one at the same time.
    await withDbErrors(() => this.lockHead(manager, projectId));
    if (await withDbErrors(() => manager.existsBy(AuditEvent, { projectId, id }))) return;
    await this.add(manager, context, change, key);
  }

  private async lockHead(manager: EntityManager, projectId: string): Promise<{ sequence: number; hash: Buffer }> {
    // The lock also covers the first record, which has no head yet.
    await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`audit ${projectId}`]);
    return (await manager.findOneBy(AuditHead, { projectId })) ?? { sequence: 0, hash: GENESIS };
  }
}
