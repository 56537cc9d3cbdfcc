import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { LOGGER, PeriodicTask } from '@xerotier/service-host';
import { ResponseRunsRepository } from '../responses/response-runs.repository.ts';
import { UnfinishedResponses } from '../responses/unfinished-responses.service.ts';

const INTERVAL_MS = 5_000;
const RESPONSES_MAX = 1_000;

/** Ends responses whose process was killed while a client waited for them: nobody else can run those. */
@Injectable()
export class InterruptedResponses extends PeriodicTask {
  readonly #log: Logger;

  constructor(
    private readonly runs: ResponseRunsRepository,
    private readonly responses: UnfinishedResponses,
    @Inject(LOGGER) log: Logger,
  ) {
    super({
      intervalMs: INTERVAL_MS,
      startsAtOnce: true,
      failure: 'ending of interrupted responses failed, retrying',
      log,
    });
    this.#log = log;
  }

  protected override async run(): Promise<void> {
    for (const response of await this.runs.listIdle(false, RESPONSES_MAX)) {
      if (this.isStopping) return;
      const ended = await this.responses.endInterrupted(response, new AppError('inference.interrupted'));
      if (ended) this.#log.warn('response of a lost process ended', { responseId: response.id });
    }
  }
}
