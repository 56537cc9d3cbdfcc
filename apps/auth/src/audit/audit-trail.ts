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

/** Adds records to the audit logs of projects. */
@Injectable()
export class AuditTrail {
  constructor(private readonly signer: HeadSigner) {}

  /**
   * Adds a record in the transaction of the change. Changes of one project are serialized from here to their commit, since each
   * record depends on the one before it.
   * @throws {AppError} `db.unavailable`.
   */
  async add(manager: EntityManager, context: ChangeContext, change: AuditedChange): Promise<void> {
    const { projectId, actor, clientAddress, requestId } = context;
    await withDbErrors(async () => {
      const head = await this.lockHead(manager, projectId);
      const record: AuditRecord = {
        id: `audit_${randomBytes(12).toString('hex')}`,
        sequence: head.sequence + 1,
        createdAt: new Date(),
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

  private async lockHead(manager: EntityManager, projectId: string): Promise<{ sequence: number; hash: Buffer }> {
    // The lock also covers the first record, which has no head yet.
    await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`audit ${projectId}`]);
    return (await manager.findOneBy(AuditHead, { projectId })) ?? { sequence: 0, hash: GENESIS };
  }
}
