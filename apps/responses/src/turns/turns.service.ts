import { Inject, Injectable } from '@nestjs/common';
import { emptyUsage, usageOfError } from '@xerotier/contracts/inference';
import type { TokenUsage, UsageRecord } from '@xerotier/contracts/inference';
import type { turnsContract } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { ServedStream } from '@xerotier/nats';
import type { ResponseRequest } from '@xerotier/public-api/responses';
import { LOGGER } from '@xerotier/service-host';
import type { z } from 'zod';
import { writeJson } from '../json-frames.ts';
import { EventLogs } from '../responses/event-logs.ts';
import { ResponseLease } from '../responses/response-lease.ts';
import { ResponseRunsRepository } from '../responses/response-runs.repository.ts';
import { TurnRecords } from '../responses/turn-records.service.ts';
import { newTurn } from './new-turn.ts';
import { TurnContexts } from './turn-contexts.ts';
import { TurnOutput } from './turn-output.ts';
import { TurnRunner } from './turn-runner.ts';
import type { TurnListener } from './turn-runner.ts';

type Run = typeof turnsContract.operations.run;

/** Whoever reads along from elsewhere, sees events this much later. */
const EVENTS_INTERVAL_MS = 500;

/** Runs turns for clients that wait for them. */
@Injectable()
export class TurnsService {
  constructor(
    private readonly records: TurnRecords,
    private readonly contexts: TurnContexts,
    private readonly runner: TurnRunner,
    private readonly logs: EventLogs,
    private readonly runs: ResponseRunsRepository,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * Runs a turn, and writes its events or the response object. Once the signal is aborted, the model is stopped.
   * @throws {AppError} that of the request, if nothing was written.
   */
  async run(
    { call, request: body, systemPrompt, returnsUsageRecord, kept, generates }: z.output<Run['input']>,
    stream: ServedStream<Run>,
  ): Promise<z.input<Run['end']>> {
    const request = body as unknown as ResponseRequest;
    const { context, readable } = await this.contexts.read({ call, request, systemPrompt, kept }, stream.signal);
    const turn = newTurn(call, request, context);
    const isStored = request.store !== false;
    // Nobody knows the id of a whole response before it has ended.
    const begun = isStored && turn.streamed ? this.records.begin(turn) : undefined;
    const lease = begun === undefined ? undefined : new ResponseLease(turn, this.runs, this.log, stream.signal, begun);
    // Awaited at the end: the model need not wait for it, and stops if it fails.
    begun?.catch((error: unknown) => lease?.lose(AppError.from(error)));
    const output =
      request.stream === true
        ? new TurnOutput(stream, request.stream_options?.include_obfuscation !== false, begun)
        : undefined;
    let workerId: string | undefined;
    let usageRecord: UsageRecord | undefined;
    const onRecord = returnsUsageRecord ? (record: UsageRecord) => void (usageRecord = record) : undefined;
    const silent: TurnListener = {
      begin: (id) => (workerId = id),
      event: () => undefined,
      paused: () => undefined,
    };
    try {
      const log = turn.streamed
        ? await this.logs.open(turn, {
            first: 0,
            intervalMs: EVENTS_INTERVAL_MS,
            ready: begun,
            onLost: (error) => lease?.lose(error),
          })
        : undefined;
      const listener = output ?? silent;
      const { response, usage, failure, lastEvent } = await this.runner.run(
        { ...readable, turn, call, isStored, begun, log, onRecord, generates },
        listener,
        lease?.signal ?? stream.signal,
      );
      if (failure !== undefined && output?.hasBegun !== true) {
        throw withUsage(failure, usage);
      }
      if (output === undefined) {
        stream.head(workerId === undefined ? {} : { workerId });
        writeJson(stream, response);
      } else {
        output.event(lastEvent);
        output.end();
      }
      return { usage: usage ?? emptyUsage(), ...(usageRecord !== undefined && { usageRecord }) };
    } finally {
      output?.discard();
      lease?.end();
    }
  }
}

function withUsage(error: AppError, usage: TokenUsage | null): AppError {
  return usage === null || usageOfError(error) !== undefined
    ? error
    : new AppError(error.code, { ...error.details, usage }, { cause: error });
}
