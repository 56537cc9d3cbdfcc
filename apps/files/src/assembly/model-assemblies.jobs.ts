import { Injectable } from '@nestjs/common';
import { Processes } from '@xerotier/jobs';
import type { JobCall, JobOf, JobResult } from '@xerotier/jobs';
import { modelAssemblies } from '../uploads/model-assemblies.queue.ts';
import { ModelAssembler } from './model-assembler.ts';

@Injectable()
export class ModelAssembliesJobs {
  constructor(private readonly assembler: ModelAssembler) {}

  @Processes(modelAssemblies)
  run(upload: JobOf<typeof modelAssemblies>, { signal }: JobCall): Promise<JobResult> {
    return this.assembler.assemble(upload, signal);
  }
}
