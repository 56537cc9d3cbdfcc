import { Module } from '@nestjs/common';
import { ResponsesModule } from '../responses/responses.module.ts';
import { TurnsModule } from '../turns/turns.module.ts';
import { BackgroundHandlers } from './background.handlers.ts';
import { BackgroundRunner } from './background-runner.ts';
import { BackgroundService } from './background.service.ts';
import { InterruptedResponses } from './interrupted-responses.ts';
import { ResponseRunsJobs } from './response-runs.jobs.ts';
import { ResponseRunsSweeper } from './response-runs.sweeper.ts';

@Module({
  imports: [ResponsesModule, TurnsModule],
  providers: [
    BackgroundHandlers,
    BackgroundService,
    BackgroundRunner,
    ResponseRunsJobs,
    ResponseRunsSweeper,
    InterruptedResponses,
  ],
})
export class BackgroundModule {}
