import { Injectable } from '@nestjs/common';
import { freeBuffer } from '@xerotier/buffers';
import type { ChangeContext } from '@xerotier/contracts/auth';
import type { StoredPart, StoredUpload } from '@xerotier/contracts/files';
import { AppError, ensure } from '@xerotier/errors';
import { IdempotencyKeys } from '@xerotier/idempotency';
import { Jobs } from '@xerotier/jobs';
import { MODEL_PART_BYTES_MAX, PART_BYTES_MAX, PARTS_MAX } from '@xerotier/public-api/uploads';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import type { WrittenBlob } from '../blobs/blobs.service.ts';
import { BlobsService } from '../blobs/blobs.service.ts';
import { filenameOf } from '../files/filename.ts';
import { FilesService } from '../files/files.service.ts';
import type { Input, Output } from '../operations.ts';
import { StorageQuotas } from '../storage/storage-quotas.ts';
import { StorageService } from '../storage/storage.service.ts';
import { TransferSlots } from '../transfers/transfer-slots.ts';
import { modelAssemblies } from './model-assemblies.queue.ts';
import { manifestOf } from './model-layout.ts';
import type { ModelUpload } from './model-upload.entity.ts';
import { ModelUploadsRepository } from './model-uploads.repository.ts';
import { UploadContents } from './upload-contents.ts';
import type { UploadPart } from './upload-part.entity.ts';
import type { Upload } from './upload.entity.ts';
import { UploadsRepository } from './uploads.repository.ts';

const HOUR_MS = 60 * 60_000;
const UPLOAD_MS = HOUR_MS;
const MODEL_UPLOAD_MS = 24 * HOUR_MS;
/** How long cancelling an upload waits until its objects are removed. */
const REMOVAL_WAIT_MS = 2_000;
/** For how long an upload that has ended can be retrieved. */
const ENDED_MS = 30 * 24 * HOUR_MS;

/**
 * Uploads in parts. A part is a stored blob; completing an upload makes a file of them, without copying, or has a model made of them,
 * which takes longer than a request (`src/assembly`).
 */
@Injectable()
export class UploadsService {
  constructor(
    private readonly uploads: UploadsRepository,
    private readonly models: ModelUploadsRepository,
    private readonly contents: UploadContents,
    private readonly files: FilesService,
    private readonly blobs: BlobsService,
    private readonly storage: StorageService,
    private readonly quotas: StorageQuotas,
    private readonly idempotencyKeys: IdempotencyKeys,
    private readonly slots: TransferSlots,
    private readonly jobs: Jobs,
  ) {}

  /**
   * @throws {AppError} `request.invalid`, `model.invalid_file`, `storage.quota_exceeded`, `idempotency.key_reused`,
   * `auth.unavailable`, `db.unavailable`.
   */
  async create({ context, ...sent }: Input<'createUpload'>): Promise<StoredUpload> {
    const input = { ...sent, filename: filenameOf(sent.filename, 'filename') };
    const { projectId } = context;
    const manifest = input.model && manifestOf(input);
    const bytesMax = await this.quotas.bytesMaxOf(projectId);
    await this.blobs.prepareProject(projectId);
    return this.uploads.transaction(projectId, (manager) =>
      this.idempotencyKeys.once(manager, { context, operation: 'createUpload', input }, async () => {
        // Not for a repeated request: its parts may have arrived, and count already.
        await this.storage.assertFits(manager, projectId, input.bytes, bytesMax);
        const upload = await this.uploads.insert(manager, {
          ...{ projectId, id: `upload_${randomBytes(12).toString('hex')}`, status: 'pending', fileId: null },
          ...{ purpose: input.purpose, filename: input.filename, relativePath: input.relativePath ?? null },
          ...{ mimeType: input.mimeType, bytes: String(input.bytes) },
          fileSeconds: input.expiresAfterSeconds ?? null,
          expiresAt: new Date(Date.now() + (input.model === undefined ? UPLOAD_MS : MODEL_UPLOAD_MS)),
        });
        if (input.model !== undefined) {
          const { actor, clientAddress, requestId } = context;
          const request = { ...input.model, uploader: { actor, clientAddress, requestId } };
          await this.models.insert(manager, {
            ...{ projectId, uploadId: upload.id, versionId: randomUUID(), request },
            manifest: manifest ?? null,
          });
        }
        return this.#storedUpload(manager, upload);
      }),
    );
  }

  /** @throws {AppError} `upload.not_found`. */
  get({ projectId, id }: Input<'getUpload'>): Promise<StoredUpload> {
    return this.uploads.transaction(projectId, async (manager) => {
      const upload = await this.uploads.find(manager, projectId, id);
      return this.#storedUpload(manager, ensure(upload, 'upload.not_found', { upload: id }));
    });
  }

  /** @throws {AppError} `upload.not_found`, `list.unknown_cursor`. */
  async listParts({ projectId, id, ...page }: Input<'listParts'>): Promise<Output<'listParts'>> {
    await this.get({ projectId, id });
    const { rows, hasMore } = await this.uploads.listParts(projectId, id, page);
    return { data: rows.map(storedPartOf), hasMore };
  }

  /**
   * Returns the size that a part may have; for a rejection before content is sent.
   * @throws {AppError} `upload.not_found`, `upload.not_pending`.
   */
  partBytesMax(projectId: string, id: string): Promise<number> {
    return this.uploads.transaction(projectId, async (manager) => {
      const upload = ensure(await this.uploads.find(manager, projectId, id), 'upload.not_found', { upload: id });
      return pending(upload).purpose === 'model' ? MODEL_PART_BYTES_MAX : PART_BYTES_MAX;
    });
  }

  /**
   * Adds a part, once per idempotency key: for a repeated request the blob is discarded.
   * @throws {AppError} `upload.not_found`, `upload.not_pending`, `upload.rejected`, `idempotency.key_reused`, `db.unavailable`.
   */
  async addPart(context: ChangeContext, uploadId: string, blob: WrittenBlob): Promise<StoredPart> {
    const { projectId, bytes, sha256 } = blob;
    const input = { uploadId, bytes, sha256: sha256.toString('hex') };
    let isFirst = false;
    const part = await this.uploads.transaction(projectId, (manager) =>
      this.idempotencyKeys.once(manager, { context, operation: 'addUploadPart', input }, async () => {
        isFirst = true;
        const upload = await this.#lockPending(manager, projectId, uploadId);
        const { count, bytes: before } = await this.uploads.partsSum(manager, projectId, uploadId);
        if (count >= PARTS_MAX) throw rejected(`An upload has at most ${PARTS_MAX} parts.`, 'data');
        // A client may send a part again that it believes lost, but not without bound.
        if (before + bytes > 2 * Number(upload.bytes))
          throw rejected(`The parts are larger than the upload, which has ${upload.bytes} bytes.`, 'data');
        await this.blobs.commit(manager, blob);
        const row = { projectId, id: `part_${randomBytes(12).toString('hex')}`, uploadId, blobId: blob.id };
        return storedPartOf(await this.uploads.insertPart(manager, { ...row, bytes: String(bytes), sha256 }));
      }),
    );
    if (!isFirst) await this.blobs.discard([blob]);
    return part;
  }

  /**
   * Makes a file of parts in the given order, or begins to make a model of them; parts that are not named are deleted.
   * @throws {AppError} `upload.not_found`, `upload.not_pending`, `upload.rejected`, `idempotency.key_reused`, `store.unavailable`,
   * `db.unavailable`; with an MD5 `file.too_many_transfers`.
   */
  async complete({ context, uploadId, partIds, md5 }: Input<'completeUpload'>): Promise<StoredUpload> {
    const { projectId } = context;
    // Before the transaction, since it reads everything; parts do not change.
    if (md5 !== undefined) await this.#verifyMd5(projectId, uploadId, partIds, md5);
    const unused: string[] = [];
    const stored = await this.uploads.transaction(projectId, (manager) =>
      this.idempotencyKeys.once(
        manager,
        { context, operation: 'completeUpload', input: { uploadId, partIds, md5 } },
        async () => {
          const upload = await this.#lockPending(manager, projectId, uploadId);
          const parts = await this.uploads.parts(manager, projectId, uploadId);
          const chosen = chosenParts(upload, parts, partIds);
          const used = new Set(chosen.map(({ blobId }) => blobId));
          unused.push(...parts.map(({ blobId }) => blobId).filter((blobId) => !used.has(blobId)));
          await this.blobs.removeRows(manager, projectId, unused);
          const changes = await this.#take(manager, upload, chosen);
          await this.uploads.update(manager, upload, changes);
          return this.#storedUpload(manager, { ...upload, ...changes });
        },
      ),
    );
    await this.blobs.tryRemoveObjects(projectId, unused);
    // If Redis is away, the sweeper does it.
    if (stored.status === 'processing')
      this.jobs
        .of(modelAssemblies)
        .add({ projectId, uploadId })
        .catch(() => undefined);
    return stored;
  }

  /**
   * Deletes what the upload has stored. A model that is checked, and about to be in the catalogue, cannot be cancelled any more.
   * @throws {AppError} `upload.not_found`, `upload.not_pending`.
   */
  async cancel({ projectId, id }: Input<'cancelUpload'>): Promise<StoredUpload> {
    const { upload, blobs } = await this.uploads.transaction(projectId, async (manager) => {
      const found = ensure(await this.uploads.lock(manager, projectId, id), 'upload.not_found', { upload: id });
      if (statusOf(found) === 'cancelled') return { upload: found, blobs: [] };
      const isCancellable =
        found.status === 'processing' && (await this.models.get(manager, projectId, id)).facts === null;
      if (!isCancellable) pending(found);
      return {
        upload: { ...found, status: 'cancelled' as const },
        blobs: await this.#end(manager, found, 'cancelled'),
      };
    });
    // Of thousands of parts that takes longer than a request may.
    await Promise.race([
      this.blobs.tryRemoveObjects(projectId, blobs),
      delay(REMOVAL_WAIT_MS, undefined, { ref: false }),
    ]);
    return storedUploadOf(upload);
  }

  /** Ends uploads whose time is over, some at a time, without those that others change at the moment. Returns how many. */
  async expire(countMax: number): Promise<number> {
    let ended = 0;
    for (const { projectId, id } of await this.uploads.listExpired(countMax)) {
      const blobs = await this.uploads.transaction(projectId, async (manager) => {
        const upload = await this.uploads.takeExpired(manager, projectId, id);
        return upload === null ? undefined : this.#end(manager, upload, 'expired');
      });
      if (blobs === undefined) continue;
      await this.blobs.tryRemoveObjects(projectId, blobs);
      ended += 1;
    }
    return ended;
  }

  /** Deletes the rows of uploads that ended long ago, some at a time. Returns how many. */
  deleteEnded(countMax: number): Promise<number> {
    return this.uploads.deleteEnded(new Date(Date.now() - ENDED_MS), countMax);
  }

  async #lockPending(manager: EntityManager, projectId: string, id: string): Promise<Upload> {
    const upload = ensure(await this.uploads.lock(manager, projectId, id), 'upload.not_found', { upload: id });
    return pending(upload);
  }

  /** Makes a file of parts, or lets a model be made of them. Returns what that changes. */
  async #take(manager: EntityManager, upload: Upload, chosen: readonly UploadPart[]): Promise<Partial<Upload>> {
    const { projectId, id, purpose, filename } = upload;
    if (purpose === 'model') {
      await this.uploads.orderParts(
        manager,
        upload,
        chosen.map((part) => part.id),
      );
      return { status: 'processing' };
    }
    const file = await this.files.create(
      manager,
      projectId,
      {
        ...{ purpose, filename, relativePath: upload.relativePath ?? undefined },
        expiresAfterSeconds: upload.fileSeconds ?? undefined,
      },
      chosen.map(({ blobId, bytes }) => ({ blobId, bytes: Number(bytes) })),
    );
    await this.uploads.deleteParts(manager, projectId, id);
    return { status: 'completed', fileId: file.id };
  }

  async #end(manager: EntityManager, upload: Upload, status: 'cancelled' | 'expired'): Promise<string[]> {
    const blobs = await this.contents.remove(manager, upload);
    await this.uploads.update(manager, upload, { status });
    return blobs;
  }

  async #verifyMd5(projectId: string, uploadId: string, partIds: readonly string[], md5: string): Promise<void> {
    const chosen = await this.uploads.transaction(projectId, async (manager) => {
      const upload = ensure(await this.uploads.find(manager, projectId, uploadId), 'upload.not_found', {
        upload: uploadId,
      });
      // That of a completed upload is for the idempotency key to decide.
      if (statusOf(upload) !== 'pending') return undefined;
      if (upload.purpose === 'model')
        throw rejected('Models have no MD5: each part, and each of the `files`, may have a `sha256`.', 'md5');
      return chosenParts(upload, await this.uploads.parts(manager, projectId, uploadId), partIds);
    });
    if (chosen === undefined) return;
    const hash = createHash('md5');
    const release = this.slots.take(projectId);
    try {
      for (const { blobId, bytes } of chosen)
        for await (const piece of this.blobs.read({ projectId, id: blobId, bytes: Number(bytes) })) {
          hash.update(piece);
          freeBuffer(piece);
        }
    } finally {
      release();
    }
    const actual = hash.digest('hex');
    if (actual !== md5.toLowerCase()) throw rejected(`The MD5 of the parts is ${actual}.`, 'md5');
  }

  async #storedUpload(manager: EntityManager, upload: Upload): Promise<StoredUpload> {
    const { projectId, id, fileId, purpose } = upload;
    return storedUploadOf(upload, {
      ...(fileId !== null && { file: await this.files.find(manager, projectId, fileId) }),
      ...(purpose === 'model' && { model: await this.models.get(manager, projectId, id) }),
    });
  }
}

/** Its time may be over before the sweeper sees it. */
function statusOf({ status, expiresAt }: Upload): StoredUpload['status'] {
  return status === 'pending' && expiresAt.getTime() <= Date.now() ? 'expired' : status;
}

/** @throws {AppError} `upload.not_pending`. */
function pending(upload: Upload): Upload {
  const status = statusOf(upload);
  if (status !== 'pending') throw new AppError('upload.not_pending', { upload: upload.id, status });
  return upload;
}

/** The parts with these ids, in their order. @throws {AppError} `upload.rejected`. */
function chosenParts(upload: Upload, parts: readonly UploadPart[], partIds: readonly string[]): UploadPart[] {
  const byId = new Map(parts.map((part) => [part.id, part]));
  const seen = new Set<string>();
  const chosen = partIds.map((id, at) => {
    if (seen.has(id)) throw rejected(`The part '${id}' is named twice.`, `part_ids[${at}]`);
    seen.add(id);
    const part = byId.get(id);
    if (part === undefined) throw rejected(`The upload has no part '${id}'.`, `part_ids[${at}]`);
    return part;
  });
  const bytes = chosen.reduce((sum, part) => sum + Number(part.bytes), 0);
  if (bytes !== Number(upload.bytes))
    throw rejected(`The parts have ${bytes} bytes, but the upload has ${upload.bytes}.`, 'part_ids');
  return chosen;
}

function rejected(reason: string, param: string): AppError {
  return new AppError('upload.rejected', { reason }, { param });
}

/** What an upload has become, as far as it is known. */
interface Outcome {
  readonly file?: StoredUpload['file'];
  readonly model?: ModelUpload;
}

function storedUploadOf(upload: Upload, { file, model }: Outcome = {}): StoredUpload {
  const { id, purpose, filename, bytes, createdAt, expiresAt } = upload;
  return {
    ...{ id, purpose, filename, bytes: Number(bytes), status: statusOf(upload) },
    ...{ createdAt: createdAt.getTime(), expiresAt: expiresAt.getTime() },
    ...(file !== undefined && { file }),
    ...(model?.modelId && model.version && { model: { id: model.modelId, version: model.version } }),
    ...(model?.error && { error: model.error }),
  };
}

function storedPartOf({ id, uploadId, bytes, sha256, createdAt }: UploadPart): StoredPart {
  return { id, uploadId, bytes: Number(bytes), sha256: sha256.toString('hex'), createdAt: createdAt.getTime() };
}
