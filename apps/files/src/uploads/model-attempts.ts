/**
 * Who makes a model of the parts of an upload, and how far it is. Each attempt takes the upload over from the one before, which changes
 * nothing any more: every transaction checks its number. A file is stored in a transaction of its own, so that the next attempt goes on with
 * the file after it, and everything that was written is known by a row.
 */
import { Injectable } from '@nestjs/common';
import type { ModelFacts } from '@xerotier/contracts/router';
import { AppError, publicErrorBody } from '@xerotier/errors';
import type { EntityManager } from 'typeorm';
import { BlobsService } from '../blobs/blobs.service.ts';
import type { WriteOptions, WrittenBlob } from '../blobs/blobs.service.ts';
import type { Segment } from '../blobs/segments.ts';
import { metrics } from '../metrics.ts';
import type { ModelFile } from '../models/model-file.entity.ts';
import { ModelFilesRepository } from '../models/model-files.repository.ts';
import type { ModelUpload } from './model-upload.entity.ts';
import { ModelUploadsRepository } from './model-uploads.repository.ts';
import type { UploadRef } from './model-uploads.repository.ts';
import { UploadContents } from './upload-contents.ts';
import type { Upload } from './upload.entity.ts';
import { UploadsRepository } from './uploads.repository.ts';

/** Attempts in a row that ended without progress, and not because of an outage: kills, and defects. */
const FAILURES_MAX = 10;

/** The upload is not processed any more, or somebody else processes it. */
export class StaleAttemptError extends Error {
  override readonly name = 'StaleAttemptError';
}

export interface Attempt extends UploadRef {
  readonly number: number;
  readonly model: ModelUpload;
  /** In their order. None are left once the files are checked. */
  readonly parts: readonly Segment[];
  /** The paths that former attempts have stored. */
  readonly stored: ReadonlySet<string>;
}

@Injectable()
export class ModelAttempts {
  constructor(
    private readonly uploads: UploadsRepository,
    private readonly models: ModelUploadsRepository,
    private readonly modelFiles: ModelFilesRepository,
    private readonly contents: UploadContents,
    private readonly blobs: BlobsService,
  ) {}

  /** Begins an attempt, and removes what the one before was writing. Undefined if the upload is not processed any more. */
  async begin({ projectId, uploadId }: UploadRef): Promise<Attempt | undefined> {
    let unfinished: string[] = [];
    const begun = await this.uploads.transaction(projectId, async (manager) => {
      const upload = await this.uploads.lock(manager, projectId, uploadId);
      if (upload?.status !== 'processing') return undefined;
      const before = await this.models.get(manager, projectId, uploadId);
      unfinished = before.writingBlobId === null ? [] : [before.writingBlobId];
      await this.blobs.removeRows(manager, projectId, unfinished, ['writing']);
      const model = {
        ...before,
        ...{ attempt: before.attempt + 1, failures: before.failures + 1, writingBlobId: null },
      };
      const { attempt, failures, writingBlobId } = model;
      await this.models.update(manager, model, { attempt, failures, writingBlobId });
      const parts = await this.uploads.orderedParts(manager, projectId, uploadId);
      const files = await this.modelFiles.list(manager, projectId, model.versionId);
      return { projectId, uploadId, number: attempt, model, parts, stored: new Set(files.map(({ path }) => path)) };
    });
    await this.blobs.tryRemoveObjects(projectId, unfinished);
    if (begun === undefined || begun.model.failures <= FAILURES_MAX) return begun;
    await this.fail(begun, new AppError('internal'));
    return undefined;
  }

  async isCurrent({ projectId, uploadId, number }: Attempt): Promise<boolean> {
    return this.uploads.transaction(projectId, async (manager) => {
      const upload = await this.uploads.find(manager, projectId, uploadId);
      return (
        upload?.status === 'processing' && (await this.models.get(manager, projectId, uploadId)).attempt === number
      );
    });
  }

  /** For what the attempt writes. */
  writing(attempt: Attempt, bytesExpected: number): WriteOptions {
    return {
      bytesExpected,
      record: async (manager, { id }) => {
        await this.#lock(manager, attempt);
        await this.models.update(manager, attempt, { writingBlobId: id });
      },
    };
  }

  /** @throws {StaleAttemptError} */
  async storeFile(attempt: Attempt, path: string, blob: WrittenBlob): Promise<void> {
    const { projectId, model } = attempt;
    await this.uploads.transaction(projectId, async (manager) => {
      await this.#lock(manager, attempt);
      await this.blobs.commit(manager, blob);
      const { id: blobId, bytes, sha256 } = blob;
      const file = { projectId, versionId: model.versionId, path, blobId, bytes: String(bytes), sha256 };
      await this.modelFiles.insert(manager, file);
      await this.models.update(manager, attempt, { writingBlobId: null, failures: 1 });
    });
  }

  files({ projectId, model }: Attempt): Promise<ModelFile[]> {
    return this.modelFiles.transaction(projectId, (manager) =>
      this.modelFiles.list(manager, projectId, model.versionId),
    );
  }

  /** All files are stored and checked: the parts are not needed any more. @throws {StaleAttemptError} */
  async checked(attempt: Attempt, facts: ModelFacts): Promise<void> {
    const { projectId } = attempt;
    const blobs = await this.uploads.transaction(projectId, async (manager) => {
      const upload = await this.#lock(manager, attempt);
      await this.models.update(manager, attempt, { facts, failures: 1 });
      return this.contents.removeParts(manager, upload);
    });
    await this.blobs.tryRemoveObjects(projectId, blobs);
  }

  /** @throws {StaleAttemptError} */
  async complete(attempt: Attempt, { modelId, version }: { modelId: string; version: string }): Promise<void> {
    await this.uploads.transaction(attempt.projectId, async (manager) => {
      const upload = await this.#lock(manager, attempt);
      await this.models.update(manager, attempt, { modelId, version });
      await this.uploads.update(manager, upload, { status: 'completed' });
    });
    metrics.models.labels('completed').inc();
  }

  /** Ends the upload with this error. @throws {StaleAttemptError} */
  async fail(attempt: Attempt, error: AppError): Promise<void> {
    const { projectId } = attempt;
    const { code, message } = publicErrorBody(error).error;
    const blobs = await this.uploads.transaction(projectId, async (manager) => {
      const upload = await this.#lock(manager, attempt);
      const removed = await this.contents.remove(manager, upload);
      await this.models.update(manager, attempt, { writingBlobId: null, error: { code: code ?? error.code, message } });
      await this.uploads.update(manager, upload, { status: 'failed' });
      return removed;
    });
    metrics.models.labels('failed').inc();
    await this.blobs.tryRemoveObjects(projectId, blobs);
  }

  /** It ended because of an outage, or because the service stops: that is not counted as a failure. */
  async release(attempt: Attempt): Promise<void> {
    await this.uploads.transaction(attempt.projectId, async (manager) => {
      await this.#lock(manager, attempt);
      const { failures } = await this.models.get(manager, attempt.projectId, attempt.uploadId);
      await this.models.update(manager, attempt, { failures: Math.max(0, failures - 1) });
    });
  }

  /** Removes the files of a version that was deleted. An upload that has registered it, and does not know yet, has completed. */
  async forgetVersion(projectId: string, versionId: string): Promise<void> {
    const blobs = await this.uploads.transaction(projectId, async (manager) => {
      const model = await this.models.findByVersion(manager, projectId, versionId);
      const upload = model && (await this.uploads.lock(manager, projectId, model.uploadId));
      if (upload?.status === 'processing') await this.uploads.update(manager, upload, { status: 'completed' });
      const removed = await this.modelFiles.delete(manager, projectId, versionId);
      await this.blobs.removeRows(manager, projectId, removed);
      return removed;
    });
    await this.blobs.tryRemoveObjects(projectId, blobs);
  }

  /** @throws {StaleAttemptError} */
  async #lock(manager: EntityManager, { projectId, uploadId, number }: Attempt): Promise<Upload> {
    const upload = await this.uploads.lock(manager, projectId, uploadId);
    if (upload?.status === 'processing') {
      const { attempt } = await this.models.get(manager, projectId, uploadId);
      if (attempt === number) return upload;
    }
    throw new StaleAttemptError(`Attempt ${number} to process the upload ${uploadId} is over`);
  }
}
