import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { listPage, withEveryTenant, withTenant } from '@xerotier/db';
import type { PageRequest } from '@xerotier/db';
import { DataSource, LessThanOrEqual } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Segment } from '../blobs/segments.ts';
import { UploadPart } from './upload-part.entity.ts';
import { Upload } from './upload.entity.ts';

const COLUMNS = [
  { name: 'created_at', type: 'timestamptz' },
  { name: 'id', type: 'text' },
];

@Injectable()
export class UploadsRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  transaction<T>(projectId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return withTenant(this.database, projectId, work);
  }

  async insert(manager: EntityManager, upload: Omit<Upload, 'createdAt'>): Promise<Upload> {
    const { projectId, id } = upload;
    await manager.insert(Upload, upload);
    return manager.findOneByOrFail(Upload, { projectId, id });
  }

  find(manager: EntityManager, projectId: string, id: string): Promise<Upload | null> {
    return manager.findOneBy(Upload, { projectId, id });
  }

  /** Until the end of the transaction, nobody else changes the upload, or adds a part to it. */
  lock(manager: EntityManager, projectId: string, id: string): Promise<Upload | null> {
    return manager.findOne(Upload, { where: { projectId, id }, lock: { mode: 'pessimistic_write' } });
  }

  async update(manager: EntityManager, { projectId, id }: Upload, values: Partial<Upload>): Promise<void> {
    await manager.update(Upload, { projectId, id }, values);
  }

  async insertPart(manager: EntityManager, part: Omit<UploadPart, 'createdAt' | 'position'>): Promise<UploadPart> {
    const { projectId, id } = part;
    await manager.insert(UploadPart, part);
    return manager.findOneByOrFail(UploadPart, { projectId, id });
  }

  /** All parts, oldest first. */
  parts(manager: EntityManager, projectId: string, uploadId: string): Promise<UploadPart[]> {
    return manager.find(UploadPart, { where: { projectId, uploadId }, order: { createdAt: 'ASC', id: 'ASC' } });
  }

  /** Those of the content of a model, in their order. */
  async orderedParts(manager: EntityManager, projectId: string, uploadId: string): Promise<Segment[]> {
    const rows = await manager.find(UploadPart, {
      select: { blobId: true, bytes: true },
      where: { projectId, uploadId },
      order: { position: 'ASC' },
    });
    return rows.map(({ blobId, bytes }) => ({ blobId, bytes: Number(bytes) }));
  }

  /** Keeps these parts, in this order, and deletes the others. */
  async orderParts(manager: EntityManager, { projectId, id }: Upload, partIds: readonly string[]): Promise<void> {
    await manager.query(
      'DELETE FROM files.upload_part WHERE project_id = $1 AND upload_id = $2 AND NOT (id = ANY($3))',
      [projectId, id, partIds],
    );
    await manager.query(
      `UPDATE files.upload_part AS part SET position = chosen.at - 1
       FROM unnest($2::text[]) WITH ORDINALITY AS chosen (id, at)
       WHERE part.project_id = $1 AND part.id = chosen.id`,
      [projectId, partIds],
    );
  }

  async partsSum(
    manager: EntityManager,
    projectId: string,
    uploadId: string,
  ): Promise<{ count: number; bytes: number }> {
    const [row] = await manager.query<{ count: string; bytes: string | null }[]>(
      'SELECT count(*), sum(bytes) AS bytes FROM files.upload_part WHERE project_id = $1 AND upload_id = $2',
      [projectId, uploadId],
    );
    return { count: Number(row?.count ?? 0), bytes: Number(row?.bytes ?? 0) };
  }

  async deleteParts(manager: EntityManager, projectId: string, uploadId: string): Promise<void> {
    await manager.delete(UploadPart, { projectId, uploadId });
  }

  listParts(projectId: string, uploadId: string, page: PageRequest): Promise<{ rows: UploadPart[]; hasMore: boolean }> {
    return withTenant(this.database, projectId, (manager) =>
      listPage(
        manager.getRepository(UploadPart),
        { columns: COLUMNS, projectId, equal: { upload_id: uploadId } },
        page,
      ),
    );
  }

  /** Locks it, unless somebody else has. */
  takeExpired(manager: EntityManager, projectId: string, id: string): Promise<Upload | null> {
    return manager.findOne(Upload, {
      where: { projectId, id, status: 'pending', expiresAt: LessThanOrEqual(new Date()) },
      lock: { mode: 'pessimistic_write', onLocked: 'skip_locked' },
    });
  }

  /** Without those that others change at the moment. */
  listExpired(countMax: number): Promise<Pick<Upload, 'projectId' | 'id'>[]> {
    return withEveryTenant(this.database, (manager) =>
      manager.find(Upload, {
        select: { projectId: true, id: true },
        where: { status: 'pending', expiresAt: LessThanOrEqual(new Date()) },
        order: { expiresAt: 'ASC' },
        take: countMax,
        lock: { mode: 'pessimistic_write', onLocked: 'skip_locked' },
      }),
    );
  }

  /** Deletes rows of uploads that have ended, and whose time was over before then. */
  deleteEnded(before: Date, countMax: number): Promise<number> {
    return withEveryTenant(this.database, async (manager) => {
      const [, count] = await manager.query<[unknown[], number]>(
        `DELETE FROM files.upload WHERE (project_id, id) IN (
           SELECT project_id, id FROM files.upload WHERE status NOT IN ('pending', 'processing') AND expires_at < $1
           ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
        [before, countMax],
      );
      return count;
    });
  }
}
