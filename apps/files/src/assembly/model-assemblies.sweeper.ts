import { Inject, Injectable } from '@nestjs/common';
import { Jobs, JobSweeper } from '@xerotier/jobs';
import type { JobOf } from '@xerotier/jobs';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { modelAssemblies } from '../uploads/model-assemblies.queue.ts';
import { ModelUploadsRepository } from '../uploads/model-uploads.repository.ts';

const UPLOADS_MAX = 1_000;

/** Adds the jobs of uploads that are to become a model: what Redis has lost, and what killed processes have left. */
@Injectable()
export class ModelAssembliesSweeper extends JobSweeper<typeof modelAssemblies> {
  constructor(
    jobs: Jobs,
    private readonly uploads: ModelUploadsRepository,
    @Inject(LOGGER) log: Logger,
  ) {
    super(jobs.of(modelAssemblies), log);
  }

  protected override async *unfinished(): AsyncGenerator<JobOf<typeof modelAssemblies>> {
    yield* await this.uploads.listProcessing(UPLOADS_MAX);
  }
}
