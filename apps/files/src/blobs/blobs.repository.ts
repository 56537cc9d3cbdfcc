import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withEveryTenant, withTenant } from '@xerotier/db';
import { DataSource, In, LessThan } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { Blob } from './blob.entity.ts';

export interface BlobRef {
  readonly projectId: string;
  readonly id: string;
}

/** TypeORM returns the rows and the count of an UPDATE. */
type Updated<Row> = [rows: Row[], count: number];

@Injectable()
export class BlobsRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  transaction<T>(projectId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return withTenant(this.database, projectId, work);
  }

  async insert(manager: EntityManager, { projectId, id }: BlobRef, chargedBytes: number): Promise<void> {
    await manager.insert(Blob, { projectId, id, state: 'writing', chargedBytes: String(chargedBytes) });
  }

  /** Notes that its writer lives, and what it has charged further. Returns whether it is still being written. */
  async touch(manager: EntityManager, { projectId, id }: BlobRef, bytes: number): Promise<boolean> {
    const { affected } = await manager.update(
      Blob,
      { projectId, id, state: 'writing' },
      { touchedAt: () => 'now()', chargedBytes: () => `charged_bytes + ${Math.trunc(bytes)}` },
    );
    return affected === 1;
  }

  /** Returns what was charged before, or undefined if it is not being written any more. */
  async store(
    manager: EntityManager,
    { projectId, id }: BlobRef,
    { bytes, sha256 }: { readonly bytes: number; readonly sha256: Buffer },
  ): Promise<number | undefined> {
    const blob = await manager.findOne(Blob, {
      where: { projectId, id, state: 'writing' },
      lock: { mode: 'pessimistic_write' },
    });
    if (blob === null) return undefined;
    const values = { state: 'stored', bytes: String(bytes), chargedBytes: String(bytes), sha256 } as const;
    await manager.update(Blob, { projectId, id }, { ...values, touchedAt: () => 'now()' });
    return Number(blob.chargedBytes);
  }

  /** Returns the sum of what was charged for those that were in one of these states. */
  async markRemoving(
    manager: EntityManager,
    projectId: string,
    ids: readonly string[],
    from: readonly Blob['state'][],
  ): Promise<number> {
    const [rows] = await manager.query<Updated<{ charged: string }>>(
      `UPDATE files.blob SET state = 'removing', charged_bytes = 0, touched_at = now()
       FROM (
         SELECT id AS old_id, charged_bytes AS charged FROM files.blob
         WHERE project_id = $1 AND id = ANY($2) AND state = ANY($3) ORDER BY id FOR UPDATE
       ) AS old
       WHERE project_id = $1 AND id = old_id RETURNING charged`,
      [projectId, ids, from],
    );
    return rows.reduce((sum, { charged }) => sum + Number(charged), 0);
  }

  isStored(manager: EntityManager, { projectId, id }: BlobRef): Promise<boolean> {
    return manager.existsBy(Blob, { projectId, id, state: 'stored' });
  }

  async delete(projectId: string, ids: readonly string[]): Promise<void> {
    await withTenant(this.database, projectId, (manager) =>
      manager.delete(Blob, { projectId, id: In([...ids]), state: 'removing' }),
    );
  }

  /** Blobs whose writer was not heard of since then, or that are to be removed since then. */
  listUnfinished(state: 'writing' | 'removing', before: Date, countMax: number): Promise<BlobRef[]> {
    return withEveryTenant(this.database, (manager) =>
      manager.find(Blob, {
        select: { projectId: true, id: true },
        where: { state, touchedAt: LessThan(before) },
        order: { touchedAt: 'ASC' },
        take: countMax,
      }),
    );
  }

  /** Returns those of the ids that the project has. */
  async existing(projectId: string, ids: readonly string[]): Promise<Set<string>> {
    const rows = await withTenant(this.database, projectId, (manager) =>
      manager.find(Blob, { select: { id: true }, where: { projectId, id: In([...ids]) } }),
    );
    return new Set(rows.map(({ id }) => id));
  }
}
