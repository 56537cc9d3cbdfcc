/**
 * Keeps the results of lines. A result, that its line is done, what it counts and what it costs are one transaction, which fails if
 * another process has taken the batch over: so each line has exactly one result, and is charged once.
 */
import { usageRecorded } from '@xerotier/contracts/inference';
import type { UsageRecord } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import { addAllToOutbox } from '@xerotier/outbox';
import { seal } from '@xerotier/sealing';
import type { EntityManager } from 'typeorm';
import type { Batch } from '../batches/batch.entity.ts';
import type { BatchesRepository } from '../batches/batches.repository.ts';
import { samplesWith } from '../batches/progress.ts';

export interface LineResult {
  /** Number of its chunk, and its place there. */
  readonly chunk: number;
  readonly index: number;
  readonly isSuccess: boolean;
  /** Of the output or the error file. */
  readonly text: string;
  readonly usage: UsageRecord | undefined;
}

const USAGE_EVENTS_MAX = 200;

export class ResultsWriter {
  readonly #batch: Batch;
  readonly #batches: BatchesRepository;
  readonly #dataKey: Buffer;

  constructor(batch: Batch, batches: BatchesRepository, dataKey: Buffer) {
    this.#batch = batch;
    this.#batches = batches;
    this.#dataKey = dataKey;
  }

  /** @throws {AppError} `batch.stale_lease`, `outbox.full`, `db.unavailable`; then none of them is kept. */
  async keep(results: readonly LineResult[]): Promise<void> {
    const { projectId, id, fence } = this.#batch;
    await this.#batches.transaction(projectId, async (manager) => {
      const current = await this.#batches.lock(manager, projectId, id);
      if (current?.fence !== fence) throw new AppError('batch.stale_lease');
      const byChunk = Map.groupBy(results, ({ chunk }) => chunk);
      const done = new Map([...byChunk].map(([chunk, lines]) => [chunk, lines.map(({ index }) => index)]));
      await this.#batches.markDone(manager, current, done);
      await this.#append(
        manager,
        'output',
        results.filter(({ isSuccess }) => isSuccess),
      );
      await this.#append(
        manager,
        'error',
        results.filter(({ isSuccess }) => !isSuccess),
      );
      const records = results.flatMap(({ usage }) => usage ?? []);
      for (let at = 0; at < records.length; at += USAGE_EVENTS_MAX)
        await addAllToOutbox(manager, usageRecorded, records.slice(at, at + USAGE_EVENTS_MAX), { schema: 'batch' });
      await this.#batches.update(manager, current, countsOf(current, results, records));
    });
  }

  async #append(manager: EntityManager, kind: 'output' | 'error', results: readonly LineResult[]): Promise<void> {
    if (results.length === 0) return;
    const text = results.map((result) => result.text).join('');
    await this.#batches.appendResult(manager, this.#batch, { kind, lines: results.length }, (position) =>
      seal(this.#dataKey, Buffer.from(text), resultContext(this.#batch, kind, position)),
    );
  }
}

export function resultContext({ projectId, id }: Batch, kind: 'output' | 'error', position: number): string[] {
  return ['batch.batch_result', projectId, id, kind, String(position)];
}

function countsOf(batch: Batch, results: readonly LineResult[], records: readonly UsageRecord[]): Partial<Batch> {
  const completed = results.filter(({ isSuccess }) => isSuccess).length;
  const plus = (before: string, of: (record: UsageRecord) => number): string =>
    String(Number(before) + records.reduce((sum, record) => sum + of(record), 0));
  return {
    linesCompleted: batch.linesCompleted + completed,
    linesFailed: batch.linesFailed + results.length - completed,
    samples: samplesWith(batch.samples, batch.linesCompleted + batch.linesFailed + results.length),
    promptTokens: plus(batch.promptTokens, ({ usage }) => usage.promptTokens),
    cachedTokens: plus(batch.cachedTokens, ({ usage }) => usage.cachedTokens),
    completionTokens: plus(batch.completionTokens, ({ usage }) => usage.completionTokens),
    reasoningTokens: plus(batch.reasoningTokens, ({ usage }) => usage.reasoningTokens),
  };
}
