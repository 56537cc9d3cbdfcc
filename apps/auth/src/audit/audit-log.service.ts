import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { SYSTEM_LOG_ID } from '@xerotier/contracts/auth';
import type { auditContract, AuditEventRecord, AuditHeadRecord } from '@xerotier/contracts/auth';
import { withDbErrors, withEveryTenant, withTenant } from '@xerotier/db';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { auditEventRecordOf } from './audit-event-record.ts';
import { Project } from '../projects/project.entity.ts';
import { AuditRepository } from './audit.repository.ts';
import { ChainVerifier } from './chain-verifier.ts';
import type { AuditProblem } from './chain-verifier.ts';
import { HeadSigner } from './head-signer.ts';

type Operations = typeof auditContract.operations;
export type AuditInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
export type AuditOutput<Name extends keyof Operations> = z.input<Operations[Name]['output']>;

export interface AuditVerification {
  readonly projectId: string;
  /** Verified events, up to the first problem. */
  readonly events: number;
  readonly problem?: AuditProblem;
  /** What cannot be decided from the database alone. */
  readonly note?: string;
}

const NO_LOG = 'no log: nothing was changed since it was seeded, or it was removed, which the anchors show';

const PAGE_SIZE = 500;

/** Reads the audit logs of projects. */
@Injectable()
export class AuditLogService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly signer: HeadSigner,
  ) {}

  /** @throws {AppError} `list.unknown_cursor`, `db.unavailable`. */
  list(input: AuditInput<'listAuditEvents'>): Promise<AuditOutput<'listAuditEvents'>> {
    const { projectId, after, limit, order, ...filter } = input;
    return withTenant(this.database, projectId, async (manager) => {
      const page = { after, limit, order };
      const { rows, hasMore } = await new AuditRepository(manager).list(projectId, filter, page);
      return { data: rows.map(auditEventRecordOf), hasMore };
    });
  }

  /** @throws {AppError} `db.unavailable`. */
  async head(projectId: string): Promise<AuditHeadRecord | null> {
    const head = await withTenant(this.database, projectId, (manager) => new AuditRepository(manager).head(projectId));
    if (head === null) return null;
    return {
      ...{ projectId, sequence: head.sequence, hash: head.hash.toString('hex') },
      signature: head.signature.toString('base64'),
      publicKey: this.signer.publicKey,
    };
  }

  /** Returns the ids of all logs: that of the platform, and those of the projects. @throws {AppError} `db.unavailable`. */
  async logs(): Promise<string[]> {
    const projects = await withDbErrors(() =>
      withEveryTenant(this.database, (manager) =>
        manager.find(Project, { select: { id: true }, order: { id: 'ASC' } }),
      ),
    );
    return [SYSTEM_LOG_ID, ...projects.map(({ id }) => id)];
  }

  /** Verifies the log of a project; events that are added meanwhile are not part of it. @throws {AppError} `db.unavailable`. */
  async verify(projectId: string): Promise<AuditVerification> {
    const head = await this.head(projectId);
    const verifier = new ChainVerifier(projectId);
    for await (const event of this.events(projectId)) {
      // Newer than the head.
      if (head !== null && verifier.sequence >= head.sequence) break;
      const problem = verifier.next(event);
      if (problem !== undefined) return { projectId, events: verifier.sequence, problem };
    }
    const problem = verifier.end(head, ({ hash, signature, ...signed }) =>
      this.signer.verify({ ...signed, hash: Buffer.from(hash, 'hex') }, Buffer.from(signature, 'base64')),
    );
    if (head === null && problem === undefined) return this.verifyMissing(projectId);
    return { projectId, events: verifier.sequence, ...(problem !== undefined && { problem }) };
  }

  /** Of a log without events and head: it never existed, or it was removed with its head. */
  private async verifyMissing(projectId: string): Promise<AuditVerification> {
    const { evidence, head } = await withTenant(this.database, projectId, async (manager) => {
      const audit = new AuditRepository(manager);
      // In this order: with the first audited change, both appear at once.
      return { evidence: await audit.findEvidence(projectId), head: await audit.head(projectId) };
    });
    if (head !== null) return this.verify(projectId);
    if (evidence === undefined) return { projectId, events: 0, note: NO_LOG };
    return {
      projectId,
      events: 0,
      problem: { sequence: 0, reason: `there is no log, but there are changes: ${evidence}` },
    };
  }

  private async *events(projectId: string): AsyncGenerator<AuditEventRecord> {
    let after: string | undefined;
    for (;;) {
      const { data, hasMore } = await this.list({ projectId, after, limit: PAGE_SIZE, order: 'asc' });
      yield* data;
      after = data.at(-1)?.id;
      if (!hasMore) return;
    }
  }
}
