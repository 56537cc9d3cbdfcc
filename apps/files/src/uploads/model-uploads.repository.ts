import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { withEveryTenant, withTenant } from '@xerotier/db';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { ModelUpload } from './model-upload.entity.ts';
import { Upload } from './upload.entity.ts';

/** Of an upload. */
export interface UploadRef {
  readonly projectId: string;
  readonly uploadId: string;
}

@Injectable()
export class ModelUploadsRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  transaction<T>(projectId: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return withTenant(this.database, projectId, work);
  }

  async insert(
    manager: EntityManager,
    upload: Pick<ModelUpload, 'projectId' | 'uploadId' | 'versionId' | 'request' | 'manifest'>,
  ): Promise<void> {
    await manager.insert(ModelUpload, upload);
  }

  get(manager: EntityManager, projectId: string, uploadId: string): Promise<ModelUpload> {
    return manager.findOneByOrFail(ModelUpload, { projectId, uploadId });
  }

  findByVersion(manager: EntityManager, projectId: string, versionId: string): Promise<ModelUpload | null> {
    return manager.findOneBy(ModelUpload, { projectId, versionId });
  }

  async update(
    manager: EntityManager,
    { projectId, uploadId }: UploadRef,
    values: Partial<ModelUpload>,
  ): Promise<void> {
    await manager.update(ModelUpload, { projectId, uploadId }, values);
  }

  /** The oldest ones. */
  async listProcessing(countMax: number): Promise<UploadRef[]> {
    const uploads = await withEveryTenant(this.database, (manager) =>
      manager.find(Upload, {
        select: { projectId: true, id: true },
        where: { status: 'processing' },
        order: { createdAt: 'ASC' },
        take: countMax,
      }),
    );
    return uploads.map(({ projectId, id }) => ({ projectId, uploadId: id }));
  }
}
