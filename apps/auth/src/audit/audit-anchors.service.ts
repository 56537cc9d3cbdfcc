import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { AuditAnchor } from '@xerotier/contracts/auth';
import { withDbErrors, withEveryTenant } from '@xerotier/db';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { AuditEvent } from './audit-event.entity.ts';
import { AuditHead } from './audit-head.entity.ts';
import { HeadSigner } from './head-signer.ts';

const BATCH_MAX = 500;

/** How a log differs from an anchor. */
export interface AnchorProblem {
  readonly projectId: string;
  /** Of the anchor. */
  readonly sequence: number;
  readonly reason: string;
}

export interface AnchorComparison {
  readonly problems: readonly AnchorProblem[];
  /** Heads that are newer than their anchor, or signed anew, of logs without a problem. */
  readonly unanchored: readonly AuditHead[];
}

/** Compares the audit logs in the database with anchors outside of it. */
@Injectable()
export class AuditAnchorsService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly signer: HeadSigner,
  ) {}

  /**
   * @param anchors by the id of the log. They must be older than the call: a head is never older than an anchor of it.
   * @throws {AppError} `db.unavailable`.
   */
  async compare(anchors: ReadonlyMap<string, AuditAnchor>): Promise<AnchorComparison> {
    const problems: AnchorProblem[] = [];
    const unanchored: AuditHead[] = [];
    const missing = new Set(anchors.keys());
    let after = '';
    for (;;) {
      const heads = await withEveryTenant(this.database, async (manager) => {
        const found = await headsAfter(manager, after);
        for (const head of found) {
          missing.delete(head.projectId);
          const anchor = anchors.get(head.projectId);
          const problem = anchor === undefined ? undefined : await this.problemOf(manager, head, anchor);
          if (problem !== undefined) problems.push(problem);
          else if (anchor === undefined || !isAnchoredBy(head, anchor)) unanchored.push(head);
        }
        return found;
      });
      after = heads.at(-1)?.projectId ?? '';
      if (heads.length < BATCH_MAX) break;
    }
    for (const projectId of missing)
      problems.push({ projectId, sequence: anchors.get(projectId)?.sequence ?? 0, reason: 'the log has no head' });
    return { problems, unanchored };
  }

  private async problemOf(
    manager: EntityManager,
    head: AuditHead,
    anchor: AuditAnchor,
  ): Promise<AnchorProblem | undefined> {
    const { projectId, sequence } = anchor;
    const problem = (reason: string): AnchorProblem => ({ projectId, sequence, reason });
    const anchored = { projectId, sequence, hash: Buffer.from(anchor.hash, 'hex') };
    if (!this.signer.verify(anchored, Buffer.from(anchor.signature, 'base64')))
      return problem('the signature of the anchor is not valid');
    if (head.sequence < sequence) return problem(`the log ends at ${head.sequence}, before its anchor`);
    const hash = head.sequence === sequence ? head.hash : await hashAt(manager, projectId, sequence);
    return hash?.equals(anchored.hash) === true ? undefined : problem('the event has another hash than the anchor');
  }
}

function headsAfter(manager: EntityManager, after: string): Promise<AuditHead[]> {
  return withDbErrors(() =>
    manager
      .createQueryBuilder(AuditHead, 'head')
      .where('project_id > :after', { after })
      .orderBy('head.projectId')
      .limit(BATCH_MAX)
      .getMany(),
  );
}

async function hashAt(manager: EntityManager, projectId: string, sequence: number): Promise<Buffer | undefined> {
  const event = await withDbErrors(() => manager.findOneBy(AuditEvent, { projectId, sequence }));
  return event?.hash;
}

function isAnchoredBy({ sequence, signature }: AuditHead, anchor: AuditAnchor): boolean {
  return sequence === anchor.sequence && signature.toString('base64') === anchor.signature;
}
