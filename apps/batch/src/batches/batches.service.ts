import { Injectable } from '@nestjs/common';
import type { ChangeContext } from '@xerotier/contracts/auth';
import type { batchContract, StoredBatch } from '@xerotier/contracts/batch';
import { DataKeysService } from '@xerotier/data-keys';
import { AppError, ensure } from '@xerotier/errors';
import { IdempotencyKeys } from '@xerotier/idempotency';
import type { KeyedRequest } from '@xerotier/idempotency';
import { Jobs } from '@xerotier/jobs';
import { randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { addBatchEvent } from './batch-events.ts';
import { batchRuns } from './batch-runs.queue.ts';
import type { Batch } from './batch.entity.ts';
import { BatchesRepository, UNFINISHED } from './batches.repository.ts';
import { progressOf } from './progress.ts';

type Operations = typeof batchContract.operations;
export type Input<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
export type Output<Name extends keyof Operations> = z.input<Operations[Name]['output']>;

const HOUR_MS = 60 * 60_000;
const WINDOWS_MS: Readonly<Record<StoredBatch['completionWindow'], number>> = {
  '1h': HOUR_MS,
  '4h': 4 * HOUR_MS,
  '24h': 24 * HOUR_MS,
};

type NewBatch = Pick<Batch, 'endpoint' | 'inputFileId' | 'completionWindow' | 'metadata' | 'outputSeconds'> &
  Partial<Pick<Batch, 'retriedBatchId' | 'isDryRun'>>;

/** Batches, for their clients. What runs them is in `../runs`. */
@Injectable()
export class BatchesService {
  constructor(
    private readonly batches: BatchesRepository,
    private readonly dataKeys: DataKeysService,
    private readonly idempotencyKeys: IdempotencyKeys,
    private readonly jobs: Jobs,
  ) {}

  /** Whether the input is valid is found later. @throws {AppError} `idempotency.key_reused`, `outbox.full`, `db.unavailable`. */
  async create({ context, ...input }: Input<'create'>): Promise<StoredBatch> {
    await this.dataKeys.getOrCreate(context.projectId);
    return this.#createOnce({ context, operation: 'createBatch', input }, () =>
      Promise.resolve({
        ...{ endpoint: input.endpoint, inputFileId: input.inputFileId, completionWindow: input.completionWindow },
        ...{ metadata: input.metadata, outputSeconds: input.outputSeconds ?? null, isDryRun: input.isDryRun ?? false },
      }),
    );
  }

  /**
   * Creates a batch of the lines that have failed.
   * @throws {AppError} `batch.not_found`, `batch.not_retryable`; as `create`.
   */
  async retry({ context, id }: Input<'retry'>): Promise<StoredBatch> {
    return this.#createOnce({ context, operation: 'retryBatch', input: { id } }, async (manager) => {
      const found = await this.batches.find(manager, context.projectId, id);
      const { status, errorFileId, ...retried } = ensure(found, 'batch.not_found', { batch: id });
      const rejected = (reason: string): AppError => new AppError('batch.not_retryable', { batch: id, reason });
      if (retried.isDryRun) throw rejected('it is a dry run');
      if (UNFINISHED.some((unfinished) => unfinished === status)) throw rejected('it has not ended');
      if (status === 'failed') throw rejected('its input is not valid');
      if (errorFileId === null) throw rejected('none of its lines has failed');
      const { endpoint, inputFileId, completionWindow, metadata, outputSeconds } = retried;
      return { endpoint, inputFileId, completionWindow, metadata, outputSeconds, retriedBatchId: id };
    });
  }

  /** Creates a batch for the key of the context, once per idempotency key. */
  async #createOnce(
    request: KeyedRequest & { readonly context: ChangeContext },
    valuesOf: (manager: EntityManager) => Promise<NewBatch>,
  ): Promise<StoredBatch> {
    const { projectId, actor } = request.context;
    const stored = await this.batches.transaction(projectId, (manager) =>
      this.idempotencyKeys.once(manager, request, async () => {
        const values = await valuesOf(manager);
        const batch = await this.batches.insert(manager, {
          ...{ projectId, id: `batch_${randomBytes(12).toString('hex')}`, keyId: actor.id, status: 'validating' },
          ...values,
          expiresAt: new Date(Date.now() + WINDOWS_MS[values.completionWindow]),
        });
        await addBatchEvent(manager, 'batch.created', batch);
        return storedBatchOf(batch);
      }),
    );
    this.#wake(projectId, stored.id);
    return stored;
  }

  async list({ projectId, isDryRun = false, ...page }: Input<'list'>): Promise<Output<'list'>> {
    const { rows, hasMore } = await this.batches.list(projectId, isDryRun, page);
    return { data: rows.map(storedBatchOf), hasMore };
  }

  /** @throws {AppError} `batch.not_found`. */
  async get({ projectId, id }: Input<'get'>): Promise<StoredBatch> {
    const batch = await this.batches.transaction(projectId, (manager) => this.batches.find(manager, projectId, id));
    return storedBatchOf(ensure(batch, 'batch.not_found', { batch: id }));
  }

  /** @throws {AppError} `batch.not_found`, `batch.ended`. */
  async cancel({ projectId, id }: Input<'cancel'>): Promise<StoredBatch> {
    const cancelled = await this.#change(projectId, id, (batch) => {
      if (batch.status === 'cancelling' || batch.status === 'cancelled') return {};
      throwIfOver('cancel', batch);
      return { status: 'cancelling', cancellingAt: new Date(), pausedAt: null };
    });
    this.#wake(projectId, id);
    return storedBatchOf(cancelled);
  }

  /** The process that runs it notices within a second. @throws {AppError} `batch.not_found`, `batch.ended`. */
  async pause({ projectId, id }: Input<'pause'>): Promise<StoredBatch> {
    const paused = await this.#change(projectId, id, (batch) => {
      throwIfOver('pause', batch);
      return { pausedAt: batch.pausedAt ?? new Date() };
    });
    return storedBatchOf(paused);
  }

  /** @throws {AppError} `batch.not_found`, `batch.ended`. */
  async resume({ projectId, id }: Input<'resume'>): Promise<StoredBatch> {
    const resumed = await this.#change(projectId, id, (batch) => {
      throwIfOver('resume', batch);
      // The time of the pause is not part of its rate.
      return { pausedAt: null, ...(batch.pausedAt !== null && { samples: null }) };
    });
    this.#wake(projectId, id);
    return storedBatchOf(resumed);
  }

  /** @throws {AppError} `batch.not_found`, and what `valuesOf` throws. */
  #change(projectId: string, id: string, valuesOf: (batch: Batch) => Partial<Batch>): Promise<Batch> {
    return this.batches.transaction(projectId, async (manager) => {
      const batch = ensure(await this.batches.lock(manager, projectId, id), 'batch.not_found', { batch: id });
      const values = valuesOf(batch);
      if (Object.keys(values).length > 0) await this.batches.update(manager, batch, values);
      return { ...batch, ...values };
    });
  }

  /** The sweeper does it if Redis is away. */
  #wake(projectId: string, batchId: string): void {
    this.jobs
      .of(batchRuns)
      .add({ projectId, batchId })
      .catch(() => undefined);
  }
}

/** @throws {AppError} `batch.ended` if it starts no more lines anyway. */
function throwIfOver(action: 'cancel' | 'pause' | 'resume', { status }: Batch): void {
  if (status !== 'validating' && status !== 'in_progress') throw new AppError('batch.ended', { action, status });
}

export function storedBatchOf(batch: Batch): StoredBatch {
  const times = {
    inProgressAt: batch.inProgressAt,
    pausedAt: batch.pausedAt,
    finalizingAt: batch.finalizingAt,
    completedAt: batch.completedAt,
    failedAt: batch.failedAt,
    expiredAt: batch.expiredAt,
    cancellingAt: batch.cancellingAt,
    cancelledAt: batch.cancelledAt,
  };
  const progress = progressOf(batch);
  const { id, endpoint, model, errors, inputFileId, completionWindow, status, outputFileId, errorFileId } = batch;
  return {
    ...{ id, endpoint, inputFileId, completionWindow, status, metadata: batch.metadata, isDryRun: batch.isDryRun },
    ...(batch.estimate !== null && { estimate: batch.estimate }),
    ...(progress !== undefined && { progress }),
    ...(model !== null && { model }),
    ...(errors !== null && { errors }),
    ...(batch.retriedBatchId !== null && { retriedBatchId: batch.retriedBatchId }),
    ...(outputFileId !== null && { outputFileId }),
    ...(errorFileId !== null && { errorFileId }),
    ...{ createdAt: batch.createdAt.getTime(), expiresAt: batch.expiresAt.getTime() },
    ...Object.fromEntries(Object.entries(times).flatMap(([name, at]) => (at === null ? [] : [[name, at.getTime()]]))),
    lines: { total: batch.linesTotal, completed: batch.linesCompleted, failed: batch.linesFailed },
    usage: {
      promptTokens: Number(batch.promptTokens),
      cachedTokens: Number(batch.cachedTokens),
      completionTokens: Number(batch.completionTokens),
      reasoningTokens: Number(batch.reasoningTokens),
    },
  };
}
