import { Injectable } from '@nestjs/common';
import { Processes } from '@xerotier/jobs';
import type { JobCall, JobOf, JobResult } from '@xerotier/jobs';
import { BackgroundRunner } from './background-runner.ts';
import { responseRuns } from './response-runs.queue.ts';

@Injectable()
export class ResponseRunsJobs {
  constructor(private readonly runner: BackgroundRunner) {}

  @Processes(responseRuns)
  run({ projectId, responseId }: JobOf<typeof responseRuns>, { stopping }: JobCall): Promise<JobResult> {
    // Its lease and fence are in the database: it goes on without Redis.
    return this.runner.run({ projectId, id: responseId }, stopping);
  }
}
