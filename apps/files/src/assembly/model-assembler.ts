/**
 * Makes a model of the parts of an upload: stores its files one by one, checks them, and registers the version in the catalogue. A
 * process can be killed at any moment: the next one goes on (`ModelAttempts`).
 */
import { Inject, Injectable } from '@nestjs/common';
import { modelsContract } from '@xerotier/contracts/router';
import type { ModelFacts } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import type { JobResult } from '@xerotier/jobs';
import type { Logger } from '@xerotier/log';
import { checkModel, readModelArchive } from '@xerotier/model-files';
import type { ModelFile } from '@xerotier/model-files';
import { Bus } from '@xerotier/nats';
import type { ByteRange } from '@xerotier/object-store';
import { MODEL_BYTES_MAX } from '@xerotier/public-api/uploads';
import { LOGGER } from '@xerotier/service-host';
import { BlobsService } from '../blobs/blobs.service.ts';
import { assertStorable } from '../uploads/model-layout.ts';
import { ModelAttempts, StaleAttemptError } from '../uploads/model-attempts.ts';
import type { Attempt } from '../uploads/model-attempts.ts';
import type { UploadRef } from '../uploads/model-uploads.repository.ts';
import { OneAtATime } from './one-at-a-time.ts';

/** How often a running attempt looks whether the upload was cancelled, or taken over. */
const WATCH_MS = 1_000;
/** A check is repeated that was stopped, since the machine may be at fault; but not for ever. */
const CHECKS_MAX = 3;
const CHECK_PAUSE_MS = 5_000;
const FACT_LENGTH_MAX = 256;

@Injectable()
export class ModelAssembler {
  /** The process of a check takes up to 640 MiB. */
  readonly #checks = new OneAtATime();

  constructor(
    private readonly attempts: ModelAttempts,
    private readonly blobs: BlobsService,
    private readonly bus: Bus,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** @throws {AppError} of an outage: the job is repeated. */
  async assemble(upload: UploadRef, jobSignal: AbortSignal): Promise<JobResult> {
    const attempt = await this.attempts.begin(upload);
    if (attempt === undefined) return 'done';
    const stale = new AbortController();
    const signal = AbortSignal.any([jobSignal, stale.signal]);
    const watch = setInterval(() => {
      this.attempts.isCurrent(attempt).then(
        (isCurrent) => isCurrent || stale.abort(new StaleAttemptError('The upload was cancelled or taken over')),
        // The next transaction of the attempt says what is wrong.
        () => undefined,
      );
    }, WATCH_MS);
    try {
      await this.#run(attempt, signal);
      return 'done';
    } catch (error) {
      return await this.#endWith(error, attempt, signal);
    } finally {
      clearInterval(watch);
    }
  }

  async #run(attempt: Attempt, signal: AbortSignal): Promise<void> {
    let { facts } = attempt.model;
    if (facts === null) {
      await this.#storeFiles(attempt, signal);
      facts = await this.#check(attempt, signal);
      await this.attempts.checked(attempt, facts);
    }
    await this.#register(attempt, facts);
  }

  /** Returns whether the job is over. @throws what is to be tried again. */
  async #endWith(error: unknown, attempt: Attempt, signal: AbortSignal): Promise<JobResult> {
    if (error instanceof StaleAttemptError || !(await this.attempts.isCurrent(attempt))) return 'done';
    const wasStopped = AppError.is(error) && error.code === 'model.check_stopped';
    if (wasStopped && attempt.model.failures < CHECKS_MAX) {
      this.log.warn('check of a model stopped, repeating it', { upload: attempt.uploadId, error });
      return { continueAfterMs: CHECK_PAUSE_MS };
    }
    if (isRejection(error)) {
      await this.attempts.fail(attempt, error);
      return 'done';
    }
    if (signal.aborted || (AppError.is(error) && error.retryable)) await this.attempts.release(attempt);
    throw error;
  }

  async #storeFiles(attempt: Attempt, signal: AbortSignal): Promise<void> {
    const { manifest } = attempt.model;
    if (manifest === null) {
      await readModelArchive(
        this.#content(attempt, signal),
        { bytesMax: MODEL_BYTES_MAX },
        async ({ name, size, content }) => {
          assertStorable(name, size);
          await this.#storeFile(attempt, { path: name, bytes: size }, content);
        },
      );
      return;
    }
    let start = 0;
    for (const file of manifest) {
      const end = start + file.bytes;
      await this.#storeFile(attempt, file, this.#content(attempt, signal, { start, end }));
      start = end;
    }
  }

  async #storeFile(
    attempt: Attempt,
    { path, bytes, sha256 }: { readonly path: string; readonly bytes: number; readonly sha256?: string | undefined },
    content: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    if (attempt.stored.has(path)) return;
    const blob = await this.blobs.write(attempt.projectId, content, this.attempts.writing(attempt, bytes));
    try {
      const actual = blob.sha256.toString('hex');
      if (sha256 !== undefined && sha256 !== actual)
        throw new AppError('model.invalid_file', { file: JSON.stringify(path), reason: `its SHA-256 is ${actual}` });
      await this.attempts.storeFile(attempt, path, blob);
    } catch (error) {
      await this.blobs.discard([blob]);
      throw error;
    }
  }

  /** The parts as one, or a range of it. */
  async *#content(
    { projectId, parts }: Attempt,
    signal: AbortSignal,
    range?: ByteRange,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of this.blobs.readSegments(projectId, parts, range)) {
      signal.throwIfAborted();
      yield chunk;
    }
  }

  async #check(attempt: Attempt, signal: AbortSignal): Promise<ModelFacts> {
    const rows = await this.attempts.files(attempt);
    const files = rows.map(({ projectId, path, blobId, bytes }): ModelFile => {
      const size = Number(bytes);
      const read = (range: ByteRange): AsyncIterable<Uint8Array> => {
        signal.throwIfAborted();
        return this.blobs.read({ projectId, id: blobId, bytes: size }, range);
      };
      return { name: path, size, read };
    });
    const { format, architecture, contextLength, parameterCount, quantization, shape } = await this.#checks.run(() => {
      signal.throwIfAborted();
      return checkModel(files);
    });
    return {
      ...{ format, architecture: shortened(architecture), parameterCount, quantization: shortened(quantization) },
      ...(contextLength !== undefined && { contextLength }),
      ...(shape !== undefined && { shape }),
    };
  }

  /** Repeated, it returns the same. */
  async #register(attempt: Attempt, facts: ModelFacts): Promise<void> {
    const { projectId, model } = attempt;
    const { versionId, request } = model;
    const files = await this.attempts.files(attempt);
    try {
      const registered = await this.bus.call(modelsContract.operations.registerModelVersion, {
        ...{ ...request, projectId, versionId, facts, fileCount: files.length },
        bytes: files.reduce((sum, { bytes }) => sum + Number(bytes), 0),
      });
      await this.attempts.complete(attempt, { modelId: registered.model.id, version: registered.version.version });
    } catch (error) {
      if (!AppError.is(error) || error.code !== 'model.version_not_found') throw error;
      // It was registered before, and deleted since.
      await this.attempts.forgetVersion(projectId, versionId);
    }
  }
}

/** It would be the same the next time. */
function isRejection(error: unknown): error is AppError {
  return AppError.is(error) && (error.code.startsWith('model.') || error.code === 'storage.quota_exceeded');
}

/** Texts of a model are bounded by their characters, and those in the catalogue by their length. */
function shortened(text: string): string {
  return text.slice(0, FACT_LENGTH_MAX).toWellFormed();
}
