/**
 * Blobs: encrypted content in the object store, with a row that says what is known of it. The row exists before the first byte, and
 * outlives the object, so that after a crash at any moment nothing is left that no row knows.
 */
import { Inject, Injectable } from '@nestjs/common';
import { DataKeysService } from '@xerotier/data-keys';
import type { Logger } from '@xerotier/log';
import type { ByteRange, ObjectStore } from '@xerotier/object-store';
import { openStream, sealStream } from '@xerotier/sealing';
import type { EncryptionContext } from '@xerotier/sealing';
import { LOGGER } from '@xerotier/service-host';
import { createHash, randomBytes } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { StorageQuotas } from '../storage/storage-quotas.ts';
import { StorageService } from '../storage/storage.service.ts';
import { BlobsRepository } from './blobs.repository.ts';
import type { BlobRef } from './blobs.repository.ts';
import { OBJECT_STORE } from './object-store.module.ts';
import { segmentRanges } from './segments.ts';
import type { Segment } from './segments.ts';

/** A blob whose object is complete and durable. It is removed unless it is committed. */
export interface WrittenBlob extends BlobRef {
  /** Of the content. */
  readonly bytes: number;
  readonly sha256: Buffer;
}

export interface WriteOptions {
  /** What is known of the length beforehand, to be charged before the first byte. */
  readonly bytesExpected?: number | undefined;
  /** Runs in the transaction that creates its row, before everything else: notes whose blob it is, or throws. */
  readonly record?: (manager: EntityManager, blob: BlobRef) => Promise<void>;
}

/** Storage is charged in steps while content of unknown length arrives. */
const CHARGE_STEP_BYTES = 16 * 1_024 * 1_024;
/** How often the writer of slow content shows that it lives; must be well below `ABANDONED_MS`. */
const TOUCH_MS = 30_000;
/** How long a writer may be silent until its blob is removed. */
export const ABANDONED_MS = 5 * 60_000;

@Injectable()
export class BlobsService {
  constructor(
    private readonly repository: BlobsRepository,
    private readonly storage: StorageService,
    private readonly quotas: StorageQuotas,
    private readonly dataKeys: DataKeysService,
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * Stores content as it comes. Commit or discard what it returns.
   * @throws {AppError} `storage.quota_exceeded`, `store.unavailable`, `db.unavailable`; and what the content throws. Nothing remains.
   */
  async write(
    projectId: string,
    content: AsyncIterable<Uint8Array>,
    { bytesExpected = 0, record }: WriteOptions = {},
  ): Promise<WrittenBlob> {
    const key = await this.dataKeys.getOrCreate(projectId);
    const bytesMax = await this.quotas.bytesMaxOf(projectId);
    const blob: BlobRef = { projectId, id: randomBytes(12).toString('hex') };
    await this.repository.transaction(projectId, async (manager) => {
      await record?.(manager, blob);
      await this.storage.charge(manager, projectId, bytesExpected, bytesMax);
      await this.repository.insert(manager, blob, bytesExpected);
    });
    try {
      const measure = new Measure();
      const charged = this.#charged(blob, measure.of(content), measure, bytesExpected, bytesMax);
      await this.store.write(objectKeyOf(blob), sealStream(key, charged, contextOf(blob)));
      return { ...blob, bytes: measure.bytes, sha256: measure.sha256() };
    } catch (error) {
      await this.discard([blob]);
      throw error;
    }
  }

  /** Creates what the rows of a project refer to. @throws {AppError} `db.unavailable`. */
  async prepareProject(projectId: string): Promise<void> {
    await this.dataKeys.getOrCreate(projectId);
  }

  /** For a rejection before content is sent. @throws {AppError} `storage.quota_exceeded`, `db.unavailable`. */
  async assertQuota(projectId: string, bytes: number): Promise<void> {
    const bytesMax = await this.quotas.bytesMaxOf(projectId);
    await this.repository.transaction(projectId, (manager) =>
      this.storage.assertFits(manager, projectId, bytes, bytesMax),
    );
  }

  /**
   * Makes it permanent, in the transaction of what refers to it.
   * @throws {Error} if its writer was taken for dead, and it was removed.
   */
  async commit(manager: EntityManager, blob: WrittenBlob): Promise<void> {
    const { projectId, id, bytes } = blob;
    const charged = await this.repository.store(manager, blob, blob);
    if (charged === undefined) throw new Error(`The blob ${id} was removed before it was committed`);
    await this.storage.release(manager, projectId, charged - bytes);
    // Content is charged before it is written, so it cannot be more.
  }

  /** Removes blobs that were not committed; those that were are left alone. Never rejects: what fails is done by the reconciler. */
  async discard(blobs: readonly BlobRef[]): Promise<void> {
    for (const { projectId, id } of blobs) {
      try {
        const isCommitted = await this.repository.transaction(projectId, async (manager) => {
          await this.#release(manager, projectId, [id], ['writing']);
          return this.repository.isStored(manager, { projectId, id });
        });
        // As when a commit succeeds whose response is lost.
        if (!isCommitted) await this.removeObjects(projectId, [id]);
      } catch (error) {
        this.log.warn('blob not discarded, the reconciler will', { blob: id, error });
      }
    }
  }

  /**
   * For the transaction that removes what refers to them; call `tryRemoveObjects` after it.
   * @param from other states are left alone. The writer of one that is being written fails then.
   */
  async removeRows(
    manager: EntityManager,
    projectId: string,
    ids: readonly string[],
    from: readonly ('writing' | 'stored')[] = ['stored'],
  ): Promise<void> {
    await this.#release(manager, projectId, ids, from);
  }

  /** Removes the objects of blobs that are to be removed, and then their rows. @throws {AppError} */
  async removeObjects(projectId: string, ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.store.remove(objectKeyOf({ projectId, id }));
    await this.repository.delete(projectId, ids);
  }

  /** After the transaction of `removeRows`. Never rejects: what fails is done by the reconciler. */
  async tryRemoveObjects(projectId: string, ids: readonly string[]): Promise<void> {
    try {
      await this.removeObjects(projectId, ids);
    } catch (error) {
      this.log.warn('objects not removed, the reconciler will', { error });
    }
  }

  /** Reads content, or a range of it, as it is consumed. @throws {AppError} `store.unavailable`. @throws {UnsealError} */
  async *read(
    blob: BlobRef & { readonly bytes: number },
    range: ByteRange = { start: 0, end: blob.bytes },
  ): AsyncGenerator<Buffer, void, undefined> {
    const key = await this.dataKeys.get(blob.projectId);
    const source = { bytes: blob.bytes, read: (of: ByteRange) => this.store.read(objectKeyOf(blob), of) };
    yield* openStream(key, source, contextOf(blob), range);
  }

  /** Reads content of several blobs, or a range of it, as it is consumed. @throws {AppError} `store.unavailable`. */
  async *readSegments(
    projectId: string,
    segments: readonly Segment[],
    range?: ByteRange,
  ): AsyncGenerator<Buffer, void, undefined> {
    for (const { segment, range: part } of segmentRanges(segments, range))
      yield* this.read({ projectId, id: segment.blobId, bytes: segment.bytes }, part);
  }

  async #release(
    manager: EntityManager,
    projectId: string,
    ids: readonly string[],
    from: readonly ('writing' | 'stored')[],
  ): Promise<void> {
    const charged = await this.repository.markRemoving(manager, projectId, ids, from);
    await this.storage.release(manager, projectId, charged);
  }

  /** Charges content before it passes, and shows that its writer lives. */
  async *#charged(
    blob: BlobRef,
    content: AsyncIterable<Uint8Array>,
    measure: Measure,
    bytesExpected: number,
    bytesMax: number | null,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let charged = bytesExpected;
    let touchedAt = performance.now();
    for await (const chunk of content) {
      const missing = measure.bytes - charged;
      if (missing > 0 || performance.now() - touchedAt > TOUCH_MS) {
        const more = missing > 0 ? await this.#chargeFurther(blob, missing, bytesMax) : await this.#touch(blob, 0);
        charged += more;
        touchedAt = performance.now();
      }
      yield chunk;
    }
  }

  /** Charges a whole step if the quota allows it, or only what is needed. Returns how much. */
  async #chargeFurther(blob: BlobRef, needed: number, bytesMax: number | null): Promise<number> {
    return this.repository.transaction(blob.projectId, async (manager) => {
      const used = bytesMax === null ? 0 : await this.storage.bytesOf(manager, blob.projectId);
      const free = (bytesMax ?? Number.MAX_SAFE_INTEGER) - used;
      const bytes = Math.max(needed, Math.min(CHARGE_STEP_BYTES, free));
      await this.storage.charge(manager, blob.projectId, bytes, bytesMax);
      await this.#assertWriting(manager, blob, bytes);
      return bytes;
    });
  }

  async #touch(blob: BlobRef, bytes: number): Promise<number> {
    await this.repository.transaction(blob.projectId, (manager) => this.#assertWriting(manager, blob, bytes));
    return bytes;
  }

  async #assertWriting(manager: EntityManager, blob: BlobRef, bytes: number): Promise<void> {
    if (!(await this.repository.touch(manager, blob, bytes)))
      throw new Error(`The blob ${blob.id} was removed while it was written`);
  }
}

/** Counts and hashes content as it passes. */
class Measure {
  bytes = 0;
  readonly #hash: Hash = createHash('sha256');

  async *of(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of content) {
      this.bytes += chunk.length;
      this.#hash.update(chunk);
      yield chunk;
    }
  }

  sha256(): Buffer {
    return this.#hash.digest();
  }
}

export function objectKeyOf({ projectId, id }: BlobRef): string {
  return `${projectId}/${id}`;
}

function contextOf({ projectId, id }: BlobRef): EncryptionContext {
  return ['files.blob', projectId, id];
}
