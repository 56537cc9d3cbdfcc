import { Module } from '@nestjs/common';
import { TransferClient } from '@xerotier/file-transfers';
import { BatchesModule } from '../batches/batches.module.ts';
import { DryRunsPurge } from '../batches/dry-runs-purge.ts';
import { EstimatesService } from '../estimates/estimates.service.ts';
import { InputFiles } from '../lines/input-files.ts';
import { ValidationService } from '../validation/validation.service.ts';
import { Allowances } from './allowances.ts';
import { BatchRunner } from './batch-runner.ts';
import { BatchRunsJobs } from './batch-runs.jobs.ts';
import { BatchRunsSweeper } from './batch-runs.sweeper.ts';
import { LineCaller } from './line-caller.ts';
import { OutputFiles } from './output-files.ts';
import { ResultsHandlers } from './results.handlers.ts';
import { ResultsReader } from './results-reader.ts';

@Module({
  imports: [BatchesModule],
  providers: [
    BatchRunner,
    BatchRunsJobs,
    BatchRunsSweeper,
    ValidationService,
    EstimatesService,
    DryRunsPurge,
    Allowances,
    InputFiles,
    OutputFiles,
    ResultsReader,
    ResultsHandlers,
    LineCaller,
    TransferClient,
  ],
})
export class RunsModule {}
