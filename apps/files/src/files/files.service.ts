import { Injectable } from '@nestjs/common';
import type { ChangeContext } from '@xerotier/contracts/auth';
import type { StoredFile } from '@xerotier/contracts/files';
import { AppError, ensure } from '@xerotier/errors';
import { IdempotencyKeys } from '@xerotier/idempotency';
import type { ByteRange } from '@xerotier/object-store';
import { randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { WrittenBlob } from '../blobs/blobs.service.ts';
import { BlobsService } from '../blobs/blobs.service.ts';
import type { Segment } from '../blobs/segments.ts';
import type { Input, Output } from '../operations.ts';
import { addFileEvent } from './file-events.ts';
import type { File } from './file.entity.ts';
import { FilesRepository } from './files.repository.ts';

export interface NewFile {
  readonly purpose: StoredFile['purpose'];
  readonly filename: string;
  readonly relativePath?: string | undefined;
  /** Default: those for batches after 30 days, others never. */
  readonly expiresAfterSeconds?: number | undefined;
}

/** How long files for batches are kept, as OpenAI keeps them. */
const BATCH_FILE_SECONDS = 30 * 24 * 60 * 60;
const FOR_BATCHES: ReadonlySet<string> = new Set(['batch', 'batch_output']);

@Injectable()
export class FilesService {
  constructor(
    private readonly files: FilesRepository,
    private readonly blobs: BlobsService,
    private readonly idempotencyKeys: IdempotencyKeys,
  ) {}

  /**
   * Creates a file of stored blobs, in their order, in a transaction of the project.
   * @throws {AppError} `outbox.full`, `db.unavailable`.
   */
  async create(
    manager: EntityManager,
    projectId: string,
    file: NewFile,
    content: readonly Segment[],
  ): Promise<StoredFile> {
    const { purpose, filename, relativePath = null } = file;
    const seconds = file.expiresAfterSeconds ?? (FOR_BATCHES.has(purpose) ? BATCH_FILE_SECONDS : undefined);
    const row = await this.files.insert(
      manager,
      {
        ...{ projectId, id: `file-${randomBytes(12).toString('hex')}`, purpose, filename, relativePath },
        bytes: String(content.reduce((sum, { bytes }) => sum + bytes, 0)),
        expiresAt: seconds === undefined ? null : new Date(Date.now() + seconds * 1_000),
      },
      content.map(({ blobId }) => blobId),
    );
    await addFileEvent(manager, 'file.created', row);
    return storedFileOf(row);
  }

  /**
   * Creates a file of one blob, once per idempotency key: for a repeated request, which has the same fields and content, the blob is
   * discarded.
   * @throws {AppError} `idempotency.key_reused`; as `create`.
   */
  async createFrom(context: ChangeContext, file: NewFile, blob: WrittenBlob): Promise<StoredFile> {
    const { projectId } = blob;
    const request = {
      context,
      operation: 'createFile',
      input: { ...file, bytes: blob.bytes, sha256: blob.sha256.toString('hex') },
    };
    let isFirst = false;
    const stored = await this.files.transaction(projectId, (manager) =>
      this.idempotencyKeys.once(manager, request, async () => {
        isFirst = true;
        await this.blobs.commit(manager, blob);
        return this.create(manager, projectId, file, [{ blobId: blob.id, bytes: blob.bytes }]);
      }),
    );
    if (!isFirst) await this.blobs.discard([blob]);
    return stored;
  }

  async list(input: Input<'listFiles'>): Promise<Output<'listFiles'>> {
    const { rows, hasMore } = await this.files.list(input);
    return { data: rows.map(storedFileOf), hasMore };
  }

  /** Undefined if there is none, or none any more. For a transaction of the project. */
  async find(manager: EntityManager, projectId: string, id: string): Promise<StoredFile | undefined> {
    const row = await this.files.find(manager, projectId, id);
    return row === null ? undefined : storedFileOf(row);
  }

  /** @throws {AppError} `file.not_found`. */
  async get({ projectId, id }: Input<'getFile'>): Promise<StoredFile> {
    const row = await this.files.transaction(projectId, (manager) => this.files.find(manager, projectId, id));
    return storedFileOf(ensure(row, 'file.not_found', { file: id }));
  }

  /**
   * Deletes a file and what it stores; its storage is free at once.
   * @throws {AppError} `file.not_found`.
   */
  async delete({ projectId, id }: Input<'deleteFile'>): Promise<void> {
    const blobs = await this.files.transaction(projectId, async (manager) => {
      const file = ensure(await this.files.find(manager, projectId, id), 'file.not_found', { file: id });
      return this.#deleteRows(manager, file);
    });
    await this.blobs.tryRemoveObjects(projectId, blobs);
  }

  /** Deletes files that have expired, some at a time, without those that another instance deletes. Returns how many. */
  async deleteExpired(countMax: number): Promise<number> {
    let deleted = 0;
    for (const { projectId, id } of await this.files.listExpired(countMax)) {
      const blobs = await this.files.transaction(projectId, async (manager) => {
        const file = await this.files.takeExpired(manager, projectId, id);
        return file === null ? undefined : this.#deleteRows(manager, file);
      });
      if (blobs === undefined) continue;
      await this.blobs.tryRemoveObjects(projectId, blobs);
      deleted += 1;
    }
    return deleted;
  }

  /**
   * Reads the content, or a range of it, as it is consumed.
   * @throws {AppError} `file.not_found`, `store.unavailable`.
   */
  async *read(projectId: string, id: string, range?: ByteRange): AsyncGenerator<Buffer, void, undefined> {
    const segments = await this.files.transaction(projectId, async (manager) => {
      if ((await this.files.find(manager, projectId, id)) === null) throw new AppError('file.not_found', { file: id });
      return this.files.segments(manager, projectId, id);
    });
    yield* this.blobs.readSegments(projectId, segments, range);
  }

  async #deleteRows(manager: EntityManager, file: File): Promise<string[]> {
    const { projectId, id } = file;
    // Deleted by another request meanwhile: it has removed the blobs.
    const blobs = await this.files.delete(manager, projectId, id);
    if (blobs === undefined) throw new AppError('file.not_found', { file: id });
    await this.blobs.removeRows(manager, projectId, blobs);
    await addFileEvent(manager, 'file.deleted', file);
    return blobs;
  }
}

function storedFileOf(row: File): StoredFile {
  const { id, purpose, filename, relativePath, bytes, createdAt, expiresAt } = row;
  return {
    ...{ id, purpose, filename, bytes: Number(bytes), createdAt: createdAt.getTime() },
    ...(relativePath !== null && { relativePath }),
    ...(expiresAt !== null && { expiresAt: expiresAt.getTime() }),
  };
}
