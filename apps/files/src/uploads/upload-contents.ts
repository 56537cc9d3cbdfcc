import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { BlobsService } from '../blobs/blobs.service.ts';
import { ModelFilesRepository } from '../models/model-files.repository.ts';
import { ModelUploadsRepository } from './model-uploads.repository.ts';
import type { Upload } from './upload.entity.ts';
import { UploadsRepository } from './uploads.repository.ts';

/** What uploads have stored, for the transactions that end them. Each returns blobs for `BlobsService.tryRemoveObjects`. */
@Injectable()
export class UploadContents {
  constructor(
    private readonly uploads: UploadsRepository,
    private readonly models: ModelUploadsRepository,
    private readonly modelFiles: ModelFilesRepository,
    private readonly blobs: BlobsService,
  ) {}

  /** Removes everything of an upload that does not become anything. */
  async remove(manager: EntityManager, upload: Upload): Promise<string[]> {
    const parts = await this.removeParts(manager, upload);
    return upload.purpose === 'model' ? [...parts, ...(await this.#removeModel(manager, upload))] : parts;
  }

  async removeParts(manager: EntityManager, { projectId, id }: Upload): Promise<string[]> {
    const blobs = (await this.uploads.parts(manager, projectId, id)).map(({ blobId }) => blobId);
    await this.blobs.removeRows(manager, projectId, blobs);
    await this.uploads.deleteParts(manager, projectId, id);
    return blobs;
  }

  /** Also what is being written: its writer notices. */
  async #removeModel(manager: EntityManager, { projectId, id }: Upload): Promise<string[]> {
    const { versionId, writingBlobId } = await this.models.get(manager, projectId, id);
    const blobs = await this.modelFiles.delete(manager, projectId, versionId);
    if (writingBlobId !== null) blobs.push(writingBlobId);
    await this.blobs.removeRows(manager, projectId, blobs, ['stored', 'writing']);
    return blobs;
  }
}
