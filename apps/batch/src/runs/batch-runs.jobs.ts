import { Injectable } from '@nestjs/common';
import { Processes } from '@xerotier/jobs';
import type { JobCall, JobOf, JobResult } from '@xerotier/jobs';
import { batchRuns } from '../batches/batch-runs.queue.ts';
import { BatchRunner } from './batch-runner.ts';

@Injectable()
export class BatchRunsJobs {
  constructor(private readonly runner: BatchRunner) {}

  @Processes(batchRuns)
  run({ projectId, batchId }: JobOf<typeof batchRuns>, { signal }: JobCall): Promise<JobResult> {
    return this.runner.runTurn(projectId, batchId, signal);
  }
}
