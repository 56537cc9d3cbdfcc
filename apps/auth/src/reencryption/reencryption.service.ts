import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withDbErrors, withEveryTenant } from '@xerotier/db';
import { SecretBox, UnknownMasterKeyError, UnsealError } from '@xerotier/sealing';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { AuditHead } from '../audit/audit-head.entity.ts';
import { HeadSigner } from '../audit/head-signer.ts';
import { SEALED_COLUMNS } from './sealed-columns.ts';
import type { SealedColumn } from './sealed-columns.ts';

const BATCH_MAX = 100;
/** Further ones are counted. */
const NAMED_MAX = 100;

/** What was done with the values of one table. */
export interface TableReport {
  readonly table: string;
  /** Values that are now protected by the current key. */
  readonly renewed: number;
  /** Values that still need another key: those below, and what a process with the previous key has written meanwhile. */
  readonly remaining: number;
  /** Rows that neither key opens, or whose value was modified; they are as they were. At most 100. */
  readonly unreadable: readonly string[];
}

interface SealedRow {
  readonly ids: readonly string[];
  readonly sealed: Buffer;
}

/**
 * Protects everything with the current master key that the previous one protects. It may run beside the service and beside itself, and
 * end at any moment: each batch is a transaction, a value is replaced only if it has not changed since it was read, and what is left to
 * do is in the rows themselves.
 */
@Injectable()
export class ReencryptionService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly secrets: SecretBox,
    private readonly signer: HeadSigner,
  ) {}

  /** @throws {AppError} `db.unavailable`; what has been renewed remains so. */
  async reencrypt(): Promise<TableReport[]> {
    const reports: TableReport[] = [];
    for (const column of SEALED_COLUMNS) reports.push(await this.reseal(column));
    reports.push(await this.signHeads());
    return reports;
  }

  private async reseal(column: SealedColumn): Promise<TableReport> {
    const { table, contextOf } = column;
    const unreadable: string[] = [];
    let renewed = 0;
    let after: readonly string[] | undefined;
    for (;;) {
      const { rows, changed } = await withEveryTenant(this.database, async (manager) => {
        const found = await this.outdated(manager, column, after);
        let replaced = 0;
        for (const { ids, sealed } of found) {
          const resealed = this.resealed(sealed, contextOf(...ids));
          if (resealed === undefined) unreadable.push(ids.join(' '));
          else if (await replace(manager, column, ids, sealed, resealed)) replaced += 1;
        }
        return { rows: found, changed: replaced };
      });
      renewed += changed;
      after = rows.at(-1)?.ids;
      if (rows.length < BATCH_MAX) break;
    }
    const remaining = await withEveryTenant(this.database, (manager) => this.countOutdated(manager, column));
    return { table, renewed, remaining, unreadable: unreadable.slice(0, NAMED_MAX) };
  }

  /** The value under the current key; undefined if no key opens it. */
  private resealed(sealed: Buffer, context: readonly string[]): Buffer | undefined {
    try {
      return this.secrets.sealJson(this.secrets.openJson(sealed, context), context);
    } catch (error) {
      if (error instanceof UnknownMasterKeyError || error instanceof UnsealError) return undefined;
      throw error;
    }
  }

  private async outdated(
    manager: EntityManager,
    { table, ids, column }: SealedColumn,
    after: readonly string[] | undefined,
  ): Promise<SealedRow[]> {
    const key = ids.join(', ');
    const cursor = after === undefined ? '' : `AND (${key}) > (${ids.map((_, at) => `$${at + 3}`).join(', ')})`;
    return withDbErrors(() =>
      manager.query<SealedRow[]>(
        `SELECT ARRAY[${ids.map((id) => `${id}::text`).join(', ')}] AS ids, ${column} AS sealed FROM ${table}
         WHERE substr(${column}, 1, length($1::bytea)) <> $1 ${cursor} ORDER BY ${key} LIMIT $2`,
        [this.secrets.currentKeyId, BATCH_MAX, ...(after ?? [])],
      ),
    );
  }

  private async countOutdated(manager: EntityManager, { table, column }: SealedColumn): Promise<number> {
    const [row] = await withDbErrors(() =>
      manager.query<{ count: string }[]>(
        `SELECT count(*) AS count FROM ${table} WHERE substr(${column}, 1, length($1::bytea)) <> $1`,
        [this.secrets.currentKeyId],
      ),
    );
    return Number(row?.count);
  }

  /** A head is signed anew only if it was signed with the previous key: a forged one stays recognizable. */
  private async signHeads(): Promise<TableReport> {
    const unreadable: string[] = [];
    let renewed = 0;
    let remaining = 0;
    let after = '';
    for (;;) {
      const heads = await withEveryTenant(this.database, async (manager) => {
        const found = await withDbErrors(() =>
          manager
            .createQueryBuilder(AuditHead, 'head')
            .where('project_id > :after', { after })
            .orderBy('head.projectId')
            .limit(BATCH_MAX)
            .getMany(),
        );
        for (const head of found) {
          if (this.signer.isCurrent(head, head.signature)) continue;
          if (!this.signer.verify(head, head.signature)) {
            unreadable.push(head.projectId);
            remaining += 1;
            continue;
          }
          const { projectId, signature } = head;
          const { affected } = await withDbErrors(() =>
            manager.update(AuditHead, { projectId, signature }, { signature: this.signer.sign(head) }),
          );
          // A change of the project may have signed another head meanwhile, with whatever key its process has.
          if (affected === 1) renewed += 1;
          else remaining += 1;
        }
        return found;
      });
      after = heads.at(-1)?.projectId ?? '';
      if (heads.length < BATCH_MAX) break;
    }
    return { table: 'auth.audit_head', renewed, remaining, unreadable: unreadable.slice(0, NAMED_MAX) };
  }
}

/** Returns whether the row still had the value that was read. */
async function replace(
  manager: EntityManager,
  { table, ids, column }: SealedColumn,
  values: readonly string[],
  sealed: Buffer,
  resealed: Buffer,
): Promise<boolean> {
  const isRow = ids.map((id, at) => `${id} = $${at + 3}`).join(' AND ');
  // TypeORM returns the rows and the count of an UPDATE.
  const [, count] = await withDbErrors(() =>
    manager.query<[unknown[], number]>(`UPDATE ${table} SET ${column} = $2 WHERE ${column} = $1 AND ${isRow}`, [
      sealed,
      resealed,
      ...values,
    ]),
  );
  return count === 1;
}
