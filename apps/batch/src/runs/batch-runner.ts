/**
 * Works on one batch, in turns: validates its input, runs its lines, and writes its files. What is left to do is in the database alone,
 * so that any process continues at any moment. Each step checks the fence of the batch in its transaction.
 */
import { Inject, Injectable } from '@nestjs/common';
import { DataKeysService } from '@xerotier/data-keys';
import { AppError, publicErrorBody } from '@xerotier/errors';
import { Jobs } from '@xerotier/jobs';
import type { JobResult } from '@xerotier/jobs';
import type { Logger } from '@xerotier/log';
import { CONFIG, LOGGER } from '@xerotier/service-host';
import type { EntityManager } from 'typeorm';
import { addBatchEvent } from '../batches/batch-events.ts';
import { batchRuns } from '../batches/batch-runs.queue.ts';
import type { Batch, Ending } from '../batches/batch.entity.ts';
import { BatchesRepository, UNFINISHED } from '../batches/batches.repository.ts';
import type { BatchConfig } from '../config.ts';
import { EstimatesService } from '../estimates/estimates.service.ts';
import { InputFiles } from '../lines/input-files.ts';
import { outputLine } from '../lines/output-line.ts';
import { metrics } from '../metrics.ts';
import { InvalidInputError, ValidationService } from '../validation/validation.service.ts';
import type { ValidInput } from '../validation/validation.service.ts';
import type { LineError } from '../validation/validate-line.ts';
import { Allowances } from './allowances.ts';
import { Lease, LEASE_MS } from './lease.ts';
import { LineCaller } from './line-caller.ts';
import { LineConcurrency } from './line-concurrency.ts';
import { CANCELLED, EXPIRED } from './line-faults.ts';
import { LinePool } from './line-pool.ts';
import { OutputFiles } from './output-files.ts';
import { pendingLines } from './pending-lines.ts';
import { ResultsWriter } from './results-writer.ts';

/** After this long a batch makes room for others, if any wait. */
const TURN_MS = 60_000;
/** How often a running batch looks whether it was cancelled or paused, has expired, or has to make room. */
const WATCH_MS = 1_000;
/** How long lines may run on after a batch was cancelled or has expired. */
const GRACE_MS = 30_000;
const SKIP_LINES = 500;

type Step = 'more' | 'done';
/** Whether a batch `halts`, to continue later, or `ends`. */
type Outlook = 'continues' | 'halts' | 'ends';

@Injectable()
export class BatchRunner {
  constructor(
    private readonly batches: BatchesRepository,
    private readonly validation: ValidationService,
    private readonly estimates: EstimatesService,
    private readonly allowances: Allowances,
    private readonly files: InputFiles,
    private readonly outputs: OutputFiles,
    private readonly caller: LineCaller,
    private readonly dataKeys: DataKeysService,
    private readonly jobs: Jobs,
    @Inject(LOGGER) private readonly log: Logger,
    @Inject(CONFIG) private readonly config: Pick<BatchConfig, 'runs'>,
  ) {}

  /** @throws {AppError} of an outage: the job is repeated. */
  async runTurn(projectId: string, id: string, jobSignal: AbortSignal): Promise<JobResult> {
    const batch = await this.batches.claim(projectId, id, LEASE_MS);
    // It has ended or is paused, or another process works on it, and the sweeper looks after that.
    if (batch === undefined) return 'done';
    const lease = new Lease(batch, this.batches, this.log, jobSignal);
    try {
      const endsAt = performance.now() + TURN_MS;
      for (let step: Step = 'more'; step === 'more' && !(await this.#isTurnOver(endsAt));) {
        lease.signal.throwIfAborted();
        step = await this.#step(batch, lease.signal, endsAt);
      }
      return (await this.#hasWork(batch)) ? { continueAfterMs: 0 } : 'done';
    } catch (error) {
      if (!AppError.is(error) || error.code !== 'batch.stale_lease') throw error;
      this.log.warn('batch was taken over by another process', { batch: id });
      return 'done';
    } finally {
      await lease.end();
    }
  }

  async #hasWork({ projectId, id }: Batch): Promise<boolean> {
    const batch = await this.batches.transaction(projectId, (manager) => this.batches.find(manager, projectId, id));
    return batch !== null && UNFINISHED.some((status) => status === batch.status) && !isPaused(batch);
  }

  async #step(claimed: Batch, signal: AbortSignal, endsAt: number): Promise<Step> {
    const { projectId, id } = claimed;
    const batch = await this.batches.transaction(projectId, (manager) => this.batches.find(manager, projectId, id));
    if (batch === null || batch.fence !== claimed.fence) throw new AppError('batch.stale_lease');
    switch (batch.status) {
      case 'validating':
        await this.#validate(batch, signal);
        return 'more';
      case 'in_progress':
        if (isPaused(batch)) return 'done';
        await this.#runLines(batch, signal, endsAt);
        return 'more';
      case 'cancelling':
        await this.#skipRest(batch, CANCELLED, signal);
        await this.#finalize(batch, 'cancelled');
        return 'more';
      case 'finalizing':
        await this.#writeFiles(batch);
        return 'done';
      default:
        return 'done';
    }
  }

  async #validate(batch: Batch, signal: AbortSignal): Promise<void> {
    try {
      const input = await this.validation.validate(batch, signal);
      if (batch.isDryRun) {
        await this.#endDryRun(batch, input);
        return;
      }
      const { chunks, lines, model } = input;
      const tokens = input.tokens.enqueued;
      const tokensMax = await this.allowances.tokensMaxOf(batch.projectId);
      await this.#change(batch, async (manager, current) => {
        // It was cancelled meanwhile: it has no lines then.
        if (current.status !== 'validating') return;
        if (!(await this.allowances.take(manager, batch.projectId, tokens, tokensMax)))
          throw new InvalidInputError([enqueuedTooMany(tokens, tokensMax)]);
        await this.batches.insertChunks(manager, chunks);
        await this.batches.update(manager, current, {
          ...{ status: 'in_progress', inProgressAt: new Date(), linesTotal: lines, model },
          enqueuedTokens: String(tokens),
        });
      });
    } catch (error) {
      const errors = permanentErrorsOf(error);
      const hasFailed = await this.#change(batch, async (manager, current) => {
        if (current.status !== 'validating') return false;
        await this.batches.update(manager, current, { status: 'failed', failedAt: new Date(), errors });
        await addBatchEvent(manager, 'batch.failed', current);
        return true;
      });
      if (hasFailed && !batch.isDryRun) metrics.ended.labels('failed').inc();
    }
  }

  async #endDryRun(batch: Batch, { model, tokens }: ValidInput): Promise<void> {
    const estimate = await this.estimates.estimate(batch, tokens);
    await this.#change(batch, async (manager, current) => {
      if (current.status !== 'validating') return;
      const values = { status: 'completed', completedAt: new Date(), leaseUntil: null, model, estimate } as const;
      await this.batches.update(manager, current, values);
    });
  }

  async #runLines(batch: Batch, signal: AbortSignal, endsAt: number): Promise<void> {
    const writer = await this.#writerOf(batch);
    const concurrency = new LineConcurrency(this.config.runs.lines);
    const pool = new LinePool({ batch, caller: this.caller, writer, concurrency, signal });
    let isComplete = true;
    const watch = setInterval(() => {
      void this.#outlook(batch, endsAt).then(
        (outlook) => {
          if (outlook === 'continues') return;
          isComplete = false;
          pool.stop(outlook === 'ends' ? GRACE_MS : undefined);
        },
        () => undefined,
      );
    }, WATCH_MS);
    try {
      if (batch.expiresAt.getTime() > Date.now()) await pool.run(pendingLines(batch, this.batches, this.files));
    } catch (error) {
      if (!isInputGone(error)) throw error;
      await this.#finalize(batch, 'failed', [INPUT_GONE]);
      return;
    } finally {
      clearInterval(watch);
    }
    if (batch.expiresAt.getTime() <= Date.now()) {
      await this.#skipRest(batch, EXPIRED, signal);
      await this.#finalize(batch, 'expired');
    } else if (isComplete) await this.#finalize(batch, 'completed');
  }

  /** Whether other batches wait for their turn, which nobody knows while Redis is away. */
  async #isTurnOver(endsAt: number): Promise<boolean> {
    if (performance.now() < endsAt) return false;
    return this.jobs
      .of(batchRuns)
      .counts()
      .then(
        ({ waiting }) => waiting > 0,
        () => false,
      );
  }

  async #outlook({ projectId, id }: Batch, endsAt: number): Promise<Outlook> {
    const current = await this.batches.transaction(projectId, (manager) => this.batches.find(manager, projectId, id));
    if (current?.status !== 'in_progress' || current.expiresAt.getTime() <= Date.now()) return 'ends';
    return isPaused(current) || (await this.#isTurnOver(endsAt)) ? 'halts' : 'continues';
  }

  /** Gives all lines that are not done this error. Nobody knows them any more if the input file was deleted. */
  async #skipRest(batch: Batch, error: typeof EXPIRED, signal: AbortSignal): Promise<void> {
    try {
      await this.#skipLines(batch, error, signal);
    } catch (cause) {
      if (!isInputGone(cause)) throw cause;
    }
  }

  async #skipLines(batch: Batch, error: typeof EXPIRED, signal: AbortSignal): Promise<void> {
    const writer = await this.#writerOf(batch);
    let skipped: Parameters<ResultsWriter['keep']>[0][number][] = [];
    for await (const { chunk, index, number, line } of pendingLines(batch, this.batches, this.files)) {
      signal.throwIfAborted();
      const text = outputLine(batch.id, number, { customId: line.customId, error });
      skipped.push({ chunk, index, isSuccess: false, text, usage: undefined });
      if (skipped.length < SKIP_LINES) continue;
      await writer.keep(skipped);
      skipped = [];
    }
    if (skipped.length > 0) await writer.keep(skipped);
  }

  /** It uses no more tokens from now on. */
  async #finalize(batch: Batch, ending: Ending, errors: LineError[] | null = null): Promise<void> {
    await this.#change(batch, async (manager, current) => {
      // A batch that is cancelled at the last moment was complete before.
      if (current.status !== 'in_progress' && current.status !== 'cancelling') return;
      const chosen = current.status === 'cancelling' ? 'cancelled' : ending;
      await this.allowances.giveBack(manager, batch.projectId, Number(current.enqueuedTokens));
      await this.batches.update(manager, current, {
        ...{ ending: chosen, status: 'finalizing', finalizingAt: new Date(), enqueuedTokens: '0', pausedAt: null },
        ...(chosen === 'failed' && { errors }),
      });
    });
  }

  async #writeFiles(batch: Batch): Promise<void> {
    const ending = batch.ending ?? 'completed';
    const outputFileId = (await this.outputs.write(batch, 'output')) ?? null;
    const errorFileId = (await this.outputs.write(batch, 'error')) ?? null;
    const hasEnded = await this.#change(batch, async (manager, current) => {
      if (current.status !== 'finalizing') return false;
      await this.batches.deleteWork(manager, current);
      await this.batches.update(manager, current, {
        ...{ status: ending, outputFileId, errorFileId, leaseUntil: null },
        [`${ending}At`]: new Date(),
      });
      await addBatchEvent(manager, `batch.${ending}`, current);
      return true;
    });
    if (hasEnded && !batch.isDryRun) metrics.ended.labels(ending).inc();
  }

  async #writerOf(batch: Batch): Promise<ResultsWriter> {
    return new ResultsWriter(batch, this.batches, await this.dataKeys.get(batch.projectId));
  }

  /** @throws {AppError} `batch.stale_lease`. */
  #change<T>(
    { projectId, id, fence }: Batch,
    work: (manager: EntityManager, current: Batch) => Promise<T>,
  ): Promise<T> {
    return this.batches.transaction(projectId, async (manager) => {
      const current = await this.batches.lock(manager, projectId, id);
      if (current?.fence !== fence) throw new AppError('batch.stale_lease');
      return work(manager, current);
    });
  }
}

const INPUT_GONE: LineError = {
  ...{ code: 'invalid_request', param: 'file_id', line: null },
  message: 'The input file was deleted before all of its requests had run.',
};

function isInputGone(error: unknown): boolean {
  return AppError.is(error) && error.code === 'file.not_found';
}

/** Why a batch fails that would fail again, such as for a revoked key. @throws anything else. */
function permanentErrorsOf(error: unknown): LineError[] {
  if (error instanceof InvalidInputError) return [...error.errors];
  if (!AppError.is(error) || error.retryable || error.code === 'internal') throw error;
  const { code, message, param } = publicErrorBody(error).error;
  return [{ code: code ?? error.code, message, param, line: null }];
}

/** At the end of its window a paused batch expires like any other. */
function isPaused({ status, pausedAt, expiresAt }: Batch): boolean {
  return status === 'in_progress' && pausedAt !== null && expiresAt.getTime() > Date.now();
}

function enqueuedTooMany(tokens: number, tokensMax: number | null): LineError {
  const message = `The batch has about ${tokens} tokens, and all batches of the project may have ${tokensMax ?? 0} enqueued. Try again when others have ended, or split it.`;
  return { code: 'token_limit_exceeded', message, param: null, line: null };
}
