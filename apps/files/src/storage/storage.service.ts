import { Injectable } from '@nestjs/common';
import { AppError } from '@xerotier/errors';
import type { EntityManager } from 'typeorm';
import { ProjectStorage } from './project-storage.entity.ts';

/** What projects store, counted in the transactions that change it. */
@Injectable()
export class StorageService {
  /**
   * Adds to what the project uses.
   * @param bytesMax the quota; null is unlimited.
   * @throws {AppError} `storage.quota_exceeded`.
   */
  async charge(manager: EntityManager, projectId: string, bytes: number, bytesMax: number | null): Promise<void> {
    if (bytes <= 0) return;
    const charged = await manager.query<unknown[]>(
      `INSERT INTO files.project_storage AS used (project_id, bytes)
       SELECT $1, $2::bigint WHERE $3::bigint IS NULL OR $2::bigint <= $3::bigint
       ON CONFLICT (project_id) DO UPDATE SET bytes = used.bytes + $2::bigint
         WHERE $3::bigint IS NULL OR used.bytes + $2::bigint <= $3::bigint
       RETURNING bytes`,
      [projectId, bytes, bytesMax],
    );
    if (charged.length > 0) return;
    const bytesUsed = await this.bytesOf(manager, projectId);
    throw new AppError('storage.quota_exceeded', { bytesMax: bytesMax ?? 0, bytesUsed });
  }

  /** For a rejection before content is sent: charges nothing. @throws {AppError} `storage.quota_exceeded`. */
  async assertFits(manager: EntityManager, projectId: string, bytes: number, bytesMax: number | null): Promise<void> {
    if (bytesMax === null) return;
    const bytesUsed = await this.bytesOf(manager, projectId);
    if (bytesUsed + bytes > bytesMax) throw new AppError('storage.quota_exceeded', { bytesMax, bytesUsed });
  }

  /** Subtracts from what the project uses. */
  async release(manager: EntityManager, projectId: string, bytes: number): Promise<void> {
    if (bytes > 0) await manager.decrement(ProjectStorage, { projectId }, 'bytes', bytes);
  }

  async bytesOf(manager: EntityManager, projectId: string): Promise<number> {
    const row = await manager.findOneBy(ProjectStorage, { projectId });
    return Number(row?.bytes ?? 0);
  }
}
