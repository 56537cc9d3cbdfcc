import { Injectable } from '@nestjs/common';
import type { ModelCallContext } from '@xerotier/contracts/inference';
import type { turnsContract } from '@xerotier/contracts/responses';
import { Jobs } from '@xerotier/jobs';
import type { PublicResponse, ResponseRequest } from '@xerotier/public-api/responses';
import type { z } from 'zod';
import { ResponseQueue } from '../responses/response-queue.ts';
import { ResponseSignals } from '../responses/response-signals.ts';
import type { ResponseKey } from '../responses/responses.repository.ts';
import { ResponsesService } from '../responses/responses.service.ts';
import { TurnRecords } from '../responses/turn-records.service.ts';
import { UnfinishedResponses } from '../responses/unfinished-responses.service.ts';
import { newTurn } from '../turns/new-turn.ts';
import { ResponseEvents } from '../turns/response-events.ts';
import { responseObject } from '../turns/response-object.ts';
import { TurnContexts } from '../turns/turn-contexts.ts';
import { responseRuns } from './response-runs.queue.ts';

/** What a response in the background needs to run, in any process. */
export interface BackgroundJob {
  readonly call: ModelCallContext;
  readonly request: ResponseRequest;
  readonly systemPrompt: string | undefined;
}

/** Responses that run in the background. */
@Injectable()
export class BackgroundService {
  constructor(
    private readonly records: TurnRecords,
    private readonly unfinished: UnfinishedResponses,
    private readonly responses: ResponsesService,
    private readonly queue: ResponseQueue,
    private readonly contexts: TurnContexts,
    private readonly signals: ResponseSignals,
    private readonly jobs: Jobs,
  ) {}

  /**
   * Stores a response that is run when there is room. It is kept from then on, whatever happens.
   * @throws {AppError} as `TurnContexts.read`, `db.unavailable`.
   */
  async enqueue(
    input: z.output<typeof turnsContract.operations.enqueue.input>,
    signal: AbortSignal,
  ): Promise<PublicResponse> {
    const { systemPrompt } = input;
    const call: ModelCallContext = {
      ...input.call,
      // A detached client waits for it.
      priority: input.request['background'] === true ? 'background' : input.call.priority,
    };
    const request = input.request as unknown as ResponseRequest;
    // Rejects now what cannot be read by the model.
    const { context } = await this.contexts.read({ call, request, systemPrompt }, signal);
    const turn = newTurn(call, request, context);
    const response = responseObject(turn.requested, 'queued', [], undefined);
    const events: string[] = [];
    const writer = new ResponseEvents({ first: 0, visible: (item) => item, write: (json) => events.push(json) });
    writer.response('created', response);
    writer.response('queued', response);
    const job: BackgroundJob = { call, request, systemPrompt };
    await this.records.begin(turn, { job, events: turn.streamed ? events : [] });
    // If Redis is unavailable, the sweeper adds it.
    await this.jobs
      .of(responseRuns)
      .add({ projectId: turn.projectId, responseId: turn.id })
      .catch(() => undefined);
    // It is queued in any case.
    const place = await this.queue.placeOf(turn).catch(() => undefined);
    return { ...response, ...(place !== undefined && { x_queue: place }) };
  }

  /** Returns the response. @throws {AppError} `response.not_found`, `response.not_cancellable`, `db.unavailable`. */
  async cancel(key: ResponseKey): Promise<PublicResponse> {
    await this.unfinished.cancel(key);
    this.signals.changed(key.id, true);
    return this.responses.get(key);
  }
}
