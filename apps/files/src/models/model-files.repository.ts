import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withTenant } from '@xerotier/db';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ModelFile } from './model-file.entity.ts';

@Injectable()
export class ModelFilesRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  transaction<T>(projectId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return withTenant(this.database, projectId, work);
  }

  async insert(manager: EntityManager, file: ModelFile): Promise<void> {
    await manager.insert(ModelFile, file);
  }

  /** By path. */
  list(manager: EntityManager, projectId: string, versionId: string): Promise<ModelFile[]> {
    return manager.find(ModelFile, { where: { projectId, versionId }, order: { path: 'ASC' } });
  }

  find(manager: EntityManager, projectId: string, versionId: string, path: string): Promise<ModelFile | null> {
    return manager.findOneBy(ModelFile, { projectId, versionId, path });
  }

  /** Deletes the rows of a version, and returns its blobs. */
  async delete(manager: EntityManager, projectId: string, versionId: string): Promise<string[]> {
    const [rows] = await manager.query<[{ blobId: string }[], number]>(
      'DELETE FROM files.model_file WHERE project_id = $1 AND version_id = $2 RETURNING blob_id AS "blobId"',
      [projectId, versionId],
    );
    return rows.map(({ blobId }) => blobId);
  }
}
