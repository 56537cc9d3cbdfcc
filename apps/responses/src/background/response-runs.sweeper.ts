import { Inject, Injectable } from '@nestjs/common';
import { Jobs, JobSweeper } from '@xerotier/jobs';
import type { JobOf } from '@xerotier/jobs';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { ResponseRunsRepository } from '../responses/response-runs.repository.ts';
import { responseRuns } from './response-runs.queue.ts';

const RESPONSES_MAX = 1_000;
/** A run fails with a defect of any service that it needs, which may be over when that has started again. */
const FAILED_RETRY_MS = 60_000;

/** Adds the jobs of responses that nobody runs: what Redis has lost, and what killed processes have left. */
@Injectable()
export class ResponseRunsSweeper extends JobSweeper<typeof responseRuns> {
  constructor(
    jobs: Jobs,
    private readonly runs: ResponseRunsRepository,
    @Inject(LOGGER) log: Logger,
  ) {
    super(jobs.of(responseRuns), log, { failedRetryMs: FAILED_RETRY_MS });
  }

  protected override async *unfinished(): AsyncGenerator<JobOf<typeof responseRuns>> {
    for (const { projectId, id } of await this.runs.listIdle(true, RESPONSES_MAX)) yield { projectId, responseId: id };
  }
}
