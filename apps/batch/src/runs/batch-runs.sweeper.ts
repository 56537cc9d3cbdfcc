import { Inject, Injectable } from '@nestjs/common';
import { Jobs, JobSweeper } from '@xerotier/jobs';
import type { JobOf } from '@xerotier/jobs';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { batchRuns } from '../batches/batch-runs.queue.ts';
import { BatchesRepository } from '../batches/batches.repository.ts';

const BATCHES_MAX = 1_000;
/** A run ends with a defect of any service that it needs, which may be over when that has started again: a batch must not wait for long. */
const FAILED_RETRY_MS = 60_000;

/** Adds the jobs of batches that nobody works on: what Redis has lost, and what killed processes have left. */
@Injectable()
export class BatchRunsSweeper extends JobSweeper<typeof batchRuns> {
  constructor(
    jobs: Jobs,
    private readonly batches: BatchesRepository,
    @Inject(LOGGER) log: Logger,
  ) {
    super(jobs.of(batchRuns), log, { failedRetryMs: FAILED_RETRY_MS });
  }

  protected override async *unfinished(): AsyncGenerator<JobOf<typeof batchRuns>> {
    for (const { projectId, id } of await this.batches.listIdle(BATCHES_MAX)) yield { projectId, batchId: id };
  }
}
