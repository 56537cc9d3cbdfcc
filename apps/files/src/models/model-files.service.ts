import { Injectable } from '@nestjs/common';
import type { StoredModelFile } from '@xerotier/contracts/files';
import { AppError, ensure } from '@xerotier/errors';
import type { ByteRange } from '@xerotier/object-store';
import { BlobsService } from '../blobs/blobs.service.ts';
import type { Input, Output } from '../operations.ts';
import type { ModelFile } from './model-file.entity.ts';
import { ModelFilesRepository } from './model-files.repository.ts';

/** The files of models, for those that run them. */
@Injectable()
export class ModelFilesService {
  constructor(
    private readonly files: ModelFilesRepository,
    private readonly blobs: BlobsService,
  ) {}

  /** @throws {AppError} `file.not_found`. */
  async list({ projectId, versionId }: Input<'listModelFiles'>): Promise<Output<'listModelFiles'>> {
    const rows = await this.files.transaction(projectId, (manager) => this.files.list(manager, projectId, versionId));
    if (rows.length === 0) throw new AppError('file.not_found', { file: versionId });
    return { files: rows.map(storedModelFileOf) };
  }

  /** @throws {AppError} `file.not_found`. */
  async get(projectId: string, versionId: string, path: string): Promise<StoredModelFile> {
    return storedModelFileOf(await this.#find(projectId, versionId, path));
  }

  /** Reads the content, or a range of it, as it is consumed. @throws {AppError} `file.not_found`, `store.unavailable`. */
  async *read(
    projectId: string,
    versionId: string,
    path: string,
    range?: ByteRange,
  ): AsyncGenerator<Buffer, void, undefined> {
    const { blobId, bytes } = await this.#find(projectId, versionId, path);
    yield* this.blobs.read({ projectId, id: blobId, bytes: Number(bytes) }, range);
  }

  async #find(projectId: string, versionId: string, path: string): Promise<ModelFile> {
    const row = await this.files.transaction(projectId, (manager) =>
      this.files.find(manager, projectId, versionId, path),
    );
    return ensure(row, 'file.not_found', { file: path });
  }
}

function storedModelFileOf({ path, bytes, sha256 }: ModelFile): StoredModelFile {
  return { path, bytes: Number(bytes), sha256: sha256.toString('hex') };
}
