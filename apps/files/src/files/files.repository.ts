import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { listPage, withEveryTenant, withTenant } from '@xerotier/db';
import type { PageRequest } from '@xerotier/db';
import { DataSource, LessThanOrEqual } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { Segment } from '../blobs/segments.ts';
import { FileSegment } from './file-segment.entity.ts';
import { File } from './file.entity.ts';

export interface FilesPage extends PageRequest {
  readonly projectId: string;
  readonly purpose?: string | undefined;
  readonly prefix?: string | undefined;
}

/** An expired file is not there any more, though its row may be. */
const UNEXPIRED = '(expires_at IS NULL OR expires_at > now())';

const COLUMNS = [
  { name: 'created_at', type: 'timestamptz' },
  { name: 'id', type: 'text' },
];

@Injectable()
export class FilesRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  transaction<T>(projectId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return withTenant(this.database, projectId, work);
  }

  /** @param blobIds the content, in this order. */
  async insert(manager: EntityManager, file: Omit<File, 'createdAt'>, blobIds: readonly string[]): Promise<File> {
    const { projectId, id } = file;
    await manager.insert(File, file);
    await manager.query(
      `INSERT INTO files.file_segment (project_id, file_id, position, blob_id)
       SELECT $1, $2, at - 1, blob_id FROM unnest($3::text[]) WITH ORDINALITY AS segment (blob_id, at)`,
      [projectId, id, blobIds],
    );
    return manager.findOneByOrFail(File, { projectId, id });
  }

  async find(manager: EntityManager, projectId: string, id: string): Promise<File | null> {
    return manager.createQueryBuilder(File, 'file').where({ projectId, id }).andWhere(UNEXPIRED).getOne();
  }

  /** Locks it, unless another instance has. */
  takeExpired(manager: EntityManager, projectId: string, id: string): Promise<File | null> {
    return manager.findOne(File, {
      where: { projectId, id, expiresAt: LessThanOrEqual(new Date()) },
      lock: { mode: 'pessimistic_write', onLocked: 'skip_locked' },
    });
  }

  /** The whole content of a file. */
  segments(manager: EntityManager, projectId: string, fileId: string): Promise<Segment[]> {
    return manager
      .query<{ blobId: string; bytes: string }[]>(
        `SELECT blob_id AS "blobId", bytes FROM files.file_segment AS segment
         JOIN files.blob AS blob ON blob.project_id = segment.project_id AND blob.id = segment.blob_id
         WHERE segment.project_id = $1 AND file_id = $2 ORDER BY position`,
        [projectId, fileId],
      )
      .then((rows) => rows.map(({ blobId, bytes }) => ({ blobId, bytes: Number(bytes) })));
  }

  list({ projectId, purpose, prefix, ...page }: FilesPage): Promise<{ rows: File[]; hasMore: boolean }> {
    return withTenant(this.database, projectId, (manager) =>
      listPage(
        manager.getRepository(File),
        { columns: COLUMNS, projectId, filter: UNEXPIRED, equal: { purpose }, begins: { relative_path: prefix } },
        page,
      ),
    );
  }

  /** Deletes the row of a file and returns its blobs; undefined if there is no such file. */
  async delete(manager: EntityManager, projectId: string, id: string): Promise<string[] | undefined> {
    const { affected } = await manager.delete(File, { projectId, id });
    if (affected !== 1) return undefined;
    const segments = await manager.find(FileSegment, { select: { blobId: true }, where: { projectId, fileId: id } });
    await manager.delete(FileSegment, { projectId, fileId: id });
    return segments.map(({ blobId }) => blobId);
  }

  /** Without those that another instance deletes. */
  listExpired(countMax: number): Promise<Pick<File, 'projectId' | 'id'>[]> {
    return withEveryTenant(this.database, (manager) =>
      manager.find(File, {
        select: { projectId: true, id: true },
        where: { expiresAt: LessThanOrEqual(new Date()) },
        order: { expiresAt: 'ASC' },
        take: countMax,
        lock: { mode: 'pessimistic_write', onLocked: 'skip_locked' },
      }),
    );
  }
}
