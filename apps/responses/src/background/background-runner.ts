/** Runs responses that no client waits for. What is left to do is in the database alone, so that any process goes on at any moment. */
import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '@xerotier/errors';
import type { JobResult } from '@xerotier/jobs';
import type { Logger } from '@xerotier/log';
import { LOGGER } from '@xerotier/service-host';
import { EventLogs } from '../responses/event-logs.ts';
import { LEASE_MS, ResponseLease } from '../responses/response-lease.ts';
import { ResponseRunsRepository } from '../responses/response-runs.repository.ts';
import { ResponseSignals } from '../responses/response-signals.ts';
import type { Response } from '../responses/response.entity.ts';
import type { ResponseKey } from '../responses/responses.repository.ts';
import { UnfinishedResponses } from '../responses/unfinished-responses.service.ts';
import { earlierOutputOf } from '../turns/earlier-output.ts';
import { TurnContexts } from '../turns/turn-contexts.ts';
import { TurnRunner } from '../turns/turn-runner.ts';
import type { TurnListener } from '../turns/turn-runner.ts';
import type { BackgroundJob } from './background.service.ts';

/** Whoever reads along, sees events this much later. */
const EVENTS_INTERVAL_MS = 100;
/** A response that has been taken so often does not end by itself. */
const RUNS_MAX = 20;

const NOBODY: TurnListener = { begin: () => undefined, event: () => undefined, paused: () => undefined };

@Injectable()
export class BackgroundRunner {
  constructor(
    private readonly runs: ResponseRunsRepository,
    private readonly responses: UnfinishedResponses,
    private readonly contexts: TurnContexts,
    private readonly logs: EventLogs,
    private readonly signals: ResponseSignals,
    private readonly runner: TurnRunner,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** @throws {AppError} of an outage: the job is repeated. */
  async run(key: ResponseKey, stopping: AbortSignal): Promise<JobResult> {
    const claimed = await this.runs.claim(key, LEASE_MS);
    // It has ended, or another process runs it, and the sweeper looks after that.
    if (claimed === undefined) return 'done';
    const lease = new ResponseLease(claimed, this.runs, this.log, stopping);
    const stop = this.signals.onChange(key.id, ({ hasEnded }) => {
      if (hasEnded) void lease.check();
    });
    try {
      await this.#run(claimed, lease);
      return 'done';
    } catch (error) {
      if (lease.isLost || AppError.from(error).code === 'response.lost') return 'done';
      await this.runs.release(claimed).catch(() => undefined);
      throw error;
    } finally {
      stop();
      lease.end();
    }
  }

  async #run(claimed: Response, lease: ResponseLease): Promise<void> {
    const { projectId, id, streamed, createdAt, fence } = claimed;
    if (fence > RUNS_MAX) {
      // Each run has ended with its process.
      if (await this.responses.endInterrupted(claimed, new AppError('inference.interrupted')))
        this.signals.changed(id, true);
      return;
    }
    const { job, requested } = await this.responses.openJob<BackgroundJob>(claimed);
    const { call, request, systemPrompt } = job;
    try {
      const { context, readable } = await this.contexts.read({ call, request, systemPrompt }, lease.signal);
      const earlier = earlierOutputOf(streamed ? await this.logs.readAll(claimed) : []);
      const log = streamed
        ? await this.logs.open(claimed, {
            first: earlier.events,
            intervalMs: EVENTS_INTERVAL_MS,
            onLost: (error) => lease.lose(error),
          })
        : undefined;
      const { origin } = context;
      const turn = {
        projectId,
        id,
        createdAt,
        origin,
        input: request.input,
        streamed,
        background: true,
        stored: claimed.stored,
        fence,
        requested,
      };
      const { failure, hasEnded } = await this.runner.run(
        {
          ...{
            turn,
            ...readable,
            log,
            isStored: true,
            begun: Promise.resolve(),
            earlier: streamed ? earlier : undefined,
          },
          // The ledger has one record for each call of a model.
          call: fence === 1 ? call : { ...call, requestId: `${call.requestId}-${fence}` },
          isFinal: (error) => isFinal(error, fence) && !lease.signal.aborted,
        },
        NOBODY,
        lease.signal,
      );
      if (!hasEnded) throw failure as AppError;
    } catch (error) {
      const failure = AppError.from(error);
      if (lease.signal.aborted || !isFinal(failure, fence)) throw failure;
      // What it continues from is gone, or cannot be read by its model.
      if (!(await this.responses.endInterrupted(claimed, failure))) return;
    }
    this.signals.changed(id, true);
  }
}

function isFinal({ retryable }: AppError, fence: number): boolean {
  return !retryable || fence >= RUNS_MAX;
}
