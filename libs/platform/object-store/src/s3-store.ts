import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import type { BucketLocationConstraint, GetObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { AppError } from '@xerotier/errors';
import { Readable } from 'node:stream';
import { assertKey, assertPrefix, isKey, ObjectNotFoundError } from './object-store.ts';
import type { ByteRange, ObjectStore, StoredObject } from './object-store.ts';
import { REQUEST_TIMEOUT_MS, s3ClientOf } from './s3-client.ts';
import type { S3ClientOptions } from './s3-client.ts';
import { isBehindEnd, isConflict, isNotFound, unavailable } from './s3-errors.ts';
import { hasPartSince, unfinishedUploads } from './s3-unfinished.ts';
import { WatchedContent } from './watched-content.ts';

export interface S3StoreOptions extends S3ClientOptions {
  readonly bucket: string;
  /** Begins every key in the bucket, and ends with `/`; at most 256 characters. Default: empty. */
  readonly keyPrefix?: string;
  /** Default false: a missing bucket is an error. */
  readonly createBucket?: boolean;
}

/** An object has at most 10,000 parts, so 80 GB. Smaller objects are one request. */
const PART_BYTES = 8 * 1_024 * 1_024;
/** Parts in transfer of one object. Writing needs the memory of twice as many, whatever its size. */
const PARTS_IN_TRANSFER = 2;
const KEY_PREFIX_LENGTH_MAX = 256;

/**
 * Objects in a bucket of S3, or of a server with its protocol. Reads settings of no environment variable or file. Its account needs
 * `s3:GetObject`, `PutObject`, `DeleteObject`, `AbortMultipartUpload`, `ListMultipartUploadParts`, `ListBucket` and
 * `ListBucketMultipartUploads`.
 */
export class S3Store implements ObjectStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #keyPrefix: string;
  readonly #accessKeyId: string;
  readonly #readTimeoutMs: number;

  private constructor(options: S3StoreOptions) {
    const { bucket, keyPrefix = '', requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
    assertPrefix(keyPrefix);
    if (keyPrefix.length > KEY_PREFIX_LENGTH_MAX) throw new RangeError(`The key prefix '${keyPrefix}' is too long`);
    this.#client = s3ClientOf(options);
    this.#bucket = bucket;
    this.#keyPrefix = keyPrefix;
    this.#accessKeyId = options.accessKeyId;
    this.#readTimeoutMs = requestTimeoutMs;
  }

  /** Checks that the bucket can be used. @throws {AppError} `store.unavailable`. @throws {RangeError} for an invalid key prefix. */
  static async open(options: S3StoreOptions): Promise<S3Store> {
    const store = new S3Store(options);
    await store.#withErrors(() => store.#ensureBucket(options.region, options.createBucket ?? false));
    return store;
  }

  async write(key: string, content: AsyncIterable<Uint8Array>): Promise<number> {
    const target = this.#locate(key);
    const source = new WatchedContent(content);
    const upload = new Upload({
      client: this.#client,
      params: { ...target, Body: Readable.from(source, { highWaterMark: 1 }) },
      partSize: PART_BYTES,
      queueSize: PARTS_IN_TRANSFER,
    });
    try {
      // When it fails it aborts what it has begun; what cannot be aborted now is left for `removeUnfinished`.
      await upload.done();
      return source.bytes;
    } catch (error) {
      throw source.failure === undefined ? this.#unavailable(error) : source.failure.error;
    }
  }

  async *read(key: string, range?: ByteRange): AsyncGenerator<Uint8Array, void, undefined> {
    const target = this.#locate(key);
    // The end of a range is included in HTTP, so that there is no empty range.
    if (range !== undefined && range.start >= range.end) {
      if ((await this.size(key)) === undefined) throw new ObjectNotFoundError(key);
      return;
    }
    const body = await this.#get(key, { ...target, Range: range && `bytes=${range.start}-${range.end - 1}` });
    if (body !== undefined) yield* this.#chunksOf(body);
  }

  /** Undefined when the range begins behind the end. @throws {ObjectNotFoundError} */
  async #get(key: string, input: GetObjectCommandInput): Promise<Readable | undefined> {
    try {
      const { Body } = await this.#client.send(new GetObjectCommand(input));
      return Body as Readable;
    } catch (error) {
      if (isBehindEnd(error)) return undefined;
      const translated = this.#unavailable(error);
      throw isNotFound(error) ? new ObjectNotFoundError(key, { cause: translated.cause }) : translated;
    }
  }

  /** However slowly they are consumed: only the store has a time limit. */
  async *#chunksOf(body: Readable): AsyncGenerator<Uint8Array, void, undefined> {
    const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    try {
      for (;;) {
        const stalled = setTimeout(
          () => body.destroy(new Error(`The response stalled for ${this.#readTimeoutMs} ms`)),
          this.#readTimeoutMs,
        );
        const next = await chunks
          .next()
          .catch((error: unknown) => Promise.reject(this.#unavailable(error)))
          .finally(() => clearTimeout(stalled));
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      // Closes the connection, unless the response has ended.
      body.destroy();
    }
  }

  async size(key: string): Promise<number | undefined> {
    const target = this.#locate(key);
    return this.#withErrors(async () => {
      try {
        const { ContentLength = 0 } = await this.#client.send(new HeadObjectCommand(target));
        return ContentLength;
      } catch (error) {
        if (!isNotFound(error)) throw error;
        // Is it the object, or the bucket?
        await this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }));
        return undefined;
      }
    });
  }

  async remove(key: string): Promise<void> {
    const target = this.#locate(key);
    await this.#withErrors(async () => {
      try {
        await this.#client.send(new DeleteObjectCommand(target));
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    });
  }

  async *list(prefix = ''): AsyncGenerator<StoredObject, void, undefined> {
    assertPrefix(prefix);
    const input = { Bucket: this.#bucket, Prefix: this.#keyPrefix + prefix };
    const pages = paginateListObjectsV2({ client: this.#client }, input);
    for (;;) {
      const page = await this.#withErrors(() => pages.next());
      if (page.done === true) return;
      for (const { Key = '', Size = 0, LastModified = new Date(0) } of page.value.Contents ?? []) {
        const key = Key.slice(this.#keyPrefix.length);
        // Others are not from here, such as the empty objects that consoles make for folders.
        if (isKey(key)) yield { key, bytes: Size, writtenAt: LastModified };
      }
    }
  }

  removeUnfinished(olderThan: Date): Promise<number> {
    return this.#withErrors(async () => {
      let removed = 0;
      for await (const upload of unfinishedUploads(this.#client, this.#bucket, this.#keyPrefix)) {
        if (upload.Initiated !== undefined && upload.Initiated >= olderThan) continue;
        const { Key, UploadId } = upload;
        const target = { Bucket: this.#bucket, Key, UploadId };
        try {
          if (await hasPartSince(this.#client, target, olderThan)) continue;
          await this.#client.send(new AbortMultipartUploadCommand(target));
          removed += 1;
        } catch (error) {
          // Finished or aborted since the list.
          if (!isNotFound(error)) throw error;
        }
      }
      return removed;
    });
  }

  #locate(key: string): { Bucket: string; Key: string } {
    assertKey(key);
    return { Bucket: this.#bucket, Key: this.#keyPrefix + key };
  }

  async #ensureBucket(region: string, create: boolean): Promise<void> {
    const check = new HeadBucketCommand({ Bucket: this.#bucket });
    try {
      await this.#client.send(check);
    } catch (error) {
      if (!create || !isNotFound(error)) throw error;
      await this.#createBucket(region);
      await this.#client.send(check);
    }
  }

  async #createBucket(region: string): Promise<void> {
    // The first region has no name here.
    const place = region !== 'us-east-1' && {
      CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint },
    };
    try {
      await this.#client.send(new CreateBucketCommand({ Bucket: this.#bucket, ...place }));
    } catch (error) {
      // By another process, since it was missing.
      if (!isConflict(error)) throw error;
    }
  }

  async #withErrors<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  #unavailable(error: unknown): AppError {
    return unavailable(error, this.#accessKeyId);
  }
}
