/** Runs the model for a turn, and stores what came of it: the same for a client that waits and in the background. */
import { Inject, Injectable } from '@nestjs/common';
import { emptyUsage } from '@xerotier/contracts/inference';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { StoredItem } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { withIncluded } from '@xerotier/public-api/items';
import type { PublicResponse, ResponseStatus } from '@xerotier/public-api/responses';
import { LOGGER } from '@xerotier/service-host';
import type { EventLog } from '../responses/event-log.ts';
import { TurnRecords } from '../responses/turn-records.service.ts';
import type { NewTurn } from '../responses/turn-records.service.ts';
import { includesLogprobs } from './chat-request.ts';
import { ModelCalls } from './model-calls.service.ts';
import type { CallsResult, ModelCallRequest } from './model-calls.service.ts';
import { OutputWriter } from './output-writer.ts';
import type { EarlierOutput } from './output-writer.ts';
import { ResponseEvents } from './response-events.ts';
import { servedTools } from './served-tools.ts';
import { failureOf, keptOutput, responseObject } from './response-object.ts';
import type { Outcome } from './response-object.ts';
import type { TurnOutcome } from './turn-event.ts';

export interface RunnableTurn extends ModelCallRequest {
  readonly turn: NewTurn;
  readonly isStored: boolean;
  /** Resolves when its beginning is stored, and rejects if it cannot be. Undefined for a turn of which only the end is stored, if at all. */
  readonly begun: Promise<void> | undefined;
  /** Where its events are kept, if they are. */
  readonly log: EventLog | undefined;
  /** What an earlier run of the same turn has written. */
  readonly earlier?: EarlierOutput | undefined;
  /** Whether the model is called. Default true. */
  readonly generates?: boolean;
  /** Whether a failure ends the response; otherwise the turn is run again. Default always. */
  readonly isFinal?: (failure: AppError) => boolean;
}

/** Who waits for a turn. */
export interface TurnListener {
  /** The model has begun. */
  begin(workerId: string): void;
  /** An event, before it is stored. */
  event(json: string): void;
  /** Undefined while the listener keeps up; else resolves when it does again. */
  paused(): Promise<void> | undefined;
}

export interface TurnResult {
  readonly response: PublicResponse;
  readonly usage: TokenUsage | null;
  readonly failure: AppError | undefined;
  /** Whether its end is stored, if it is to be stored. */
  readonly hasEnded: boolean;
  /** The last event, which is to be written now. */
  readonly lastEvent: string;
}

@Injectable()
export class TurnRunner {
  constructor(
    private readonly calls: ModelCalls,
    private readonly records: TurnRecords,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Never throws: a failure is part of the result. Once the signal is aborted, the model is stopped. */
  async run(runnable: RunnableTurn, listener: TurnListener, signal: AbortSignal): Promise<TurnResult> {
    const { turn, log, isStored, begun, earlier } = runnable;
    const { request } = runnable.prompt;
    const visible = (item: StoredItem): StoredItem => withIncluded(item, request.include ?? []);
    const events = new ResponseEvents({
      first: earlier?.events ?? 0,
      visible,
      write: (json) => {
        log?.add(json);
        listener.event(json);
      },
    });
    const writer = new OutputWriter({
      tools: servedTools(request),
      summarizesReasoning: request.reasoning?.summary != null,
      includesLogprobs: includesLogprobs(request),
      sealReasoning: runnable.sealReasoning,
      earlier: earlier?.items ?? [],
      write: (event) => events.turn(event),
    });
    const objectOf = (status: ResponseStatus, outcome?: Outcome): PublicResponse =>
      responseObject(
        turn.requested,
        status,
        outcome === undefined ? [] : keptOutput(outcome, writer.items).map(visible),
        outcome,
      );
    if (earlier === undefined) events.response('created', objectOf('in_progress'));
    if (earlier === undefined || !earlier.isInProgress) events.response('in_progress', objectOf('in_progress'));
    for (const event of earlier?.closing ?? []) events.turn(event);

    let outcome: Outcome;
    let failure: AppError | undefined;
    try {
      if (runnable.generates === false) outcome = outcomeOf('completed', { usage: emptyUsage(), droppedTurns: 0 });
      else {
        const result = await this.calls.run(runnable, writer, listener, signal);
        outcome = outcomeOf(writer.end() as TurnOutcome, result);
      }
    } catch (error) {
      failure = whyEnded(AppError.from(error), signal);
      if (runnable.isFinal?.(failure) === false) {
        await log?.flush();
        log?.discard();
        return { response: objectOf('in_progress'), usage: null, failure, hasEnded: false, lastEvent: '' };
      }
      writer.end('interrupted');
      outcome = failureOf(failure);
    }
    let hasEnded = true;
    try {
      await begun;
      log?.add(endingOf(events, objectOf(outcome.status, outcome)));
      if (isStored) {
        const output = keptOutput(outcome, writer.items);
        if (begun === undefined) await this.records.store(turn, output, outcome);
        else await this.records.end(turn, output, outcome, await log?.close());
      }
    } catch (error) {
      log?.discard();
      this.log.warn('response not stored', { responseId: turn.id, error });
      hasEnded = false;
      failure ??= AppError.from(error);
      outcome = { ...failureOf(failure), usage: outcome.usage };
    }
    const response = objectOf(outcome.status, outcome);
    return { response, usage: outcome.usage, failure, hasEnded, lastEvent: endingOf(events, response) };
  }
}

/** Whatever aborts a run, cancels the call of the model. */
function whyEnded(error: AppError, { reason }: { readonly reason: unknown }): AppError {
  if (error.code !== 'inference.cancelled' || !(reason instanceof AppError)) return error;
  return new AppError((reason as AppError).code, error.details, { cause: error });
}

function endingOf(events: ResponseEvents, response: PublicResponse): string {
  const { status } = response;
  return events.ending(status === 'completed' || status === 'incomplete' ? status : 'failed', response);
}

function outcomeOf(outcome: TurnOutcome, { usage, droppedTurns }: CallsResult): Outcome {
  const reason = outcome === 'completed' ? null : outcome;
  const status = reason === null ? 'completed' : 'incomplete';
  return { status, endedAt: Date.now(), usage, droppedTurns, error: null, incompleteReason: reason };
}
