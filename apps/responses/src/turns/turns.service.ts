import { Inject, Injectable } from '@nestjs/common';
import { emptyUsage } from '@xerotier/contracts/inference';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { StoredItem, turnsContract } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import { InferenceClient, requestTimeoutOf } from '@xerotier/inference';
import type { Logger } from '@xerotier/log';
import type { ServedStream } from '@xerotier/nats';
import { withIncluded } from '@xerotier/public-api/items';
import type { InputItem, NewItem } from '@xerotier/public-api/items';
import type { PublicResponse, ResponseRequest, ResponseStatus } from '@xerotier/public-api/responses';
import { CONFIG, LOGGER } from '@xerotier/service-host';
import type { z } from 'zod';
import type { ResponsesConfig } from '../config.ts';
import { writeJson } from '../json-frames.ts';
import { newResponseId, ResponsesService } from '../responses/responses.service.ts';
import type { NewTurn, TurnContext } from '../responses/responses.service.ts';
import type { ContextItem } from './chat-messages.ts';
import { chatRequestOf, customToolsOf } from './chat-request.ts';
import { ModelCall } from './model-call.ts';
import { OutputWriter } from './output-writer.ts';
import { ResponseEvents } from './response-events.ts';
import { requestedFields, responseError, responseObject } from './response-object.ts';
import type { Outcome } from './response-object.ts';
import type { TurnOutcome } from './turn-event.ts';
import { TurnOutput } from './turn-output.ts';

type Run = typeof turnsContract.operations.run;
type Call = z.output<Run['input']>['call'];

/** Runs turns: reads what they continue from, calls the model, and stores what came of it. */
@Injectable()
export class TurnsService {
  constructor(
    private readonly inference: InferenceClient,
    private readonly responses: ResponsesService,
    @Inject(LOGGER) private readonly log: Logger,
    @Inject(CONFIG) private readonly config: Pick<ResponsesConfig, 'limits'>,
  ) {}

  /**
   * Runs a turn, and writes its events or the response object. Once the signal is aborted, the model is stopped.
   * @throws {AppError} that of the request, if nothing was written.
   */
  async run(
    { call, request: body, systemPrompt }: z.output<Run['input']>,
    stream: ServedStream<Run>,
  ): Promise<{ usage: TokenUsage }> {
    const request = body as unknown as ResponseRequest;
    const { projectId } = call;
    const context = await this.responses.readContext({
      projectId,
      previousId: request.previous_response_id,
      conversationId: request.conversation,
      input: request.input,
    });
    const chat = chatRequestOf({ request, systemPrompt, ...contextItems(context, request.input) });
    const deadlineMs = requestTimeoutOf(call, this.config.limits.requestTimeoutMs);
    const turn = newTurn(call, request, context, deadlineMs);
    const isStored = request.store !== false;
    const begun = isStored ? this.responses.begin(turn) : undefined;
    // Awaited at the end: the model need not wait for it.
    begun?.catch(() => undefined);

    const output = request.stream === true ? new TurnOutput(stream) : undefined;
    const visible = (item: StoredItem): StoredItem => withIncluded(item, request.include ?? []);
    const events = new ResponseEvents({
      obfuscates: request.stream_options?.include_obfuscation !== false,
      visible,
      write: (json) => output?.write(json),
    });
    const writer = new OutputWriter({
      customTools: customToolsOf(request),
      summarizesReasoning: request.reasoning?.summary != null,
      write: (event) => {
        if (output !== undefined) events.turn(event);
      },
    });
    const objectOf = (status: ResponseStatus, outcome?: Outcome): PublicResponse =>
      responseObject(turn.requested, status, outcome === undefined ? [] : writer.items.map(visible), outcome);
    events.response('created', objectOf('in_progress'));
    events.response('in_progress', objectOf('in_progress'));

    let workerId: string | undefined;
    let outcome: Outcome;
    let failure: AppError | undefined;
    try {
      const usage = await this.#call(call, chat, stream, writer, (head) => {
        workerId = head;
        output?.begin({ workerId: head });
      });
      outcome = outcomeOf(writer.end() as TurnOutcome, usage);
    } catch (error) {
      failure = AppError.from(error);
      writer.end('interrupted');
      outcome = failureOf(failure);
    }
    try {
      await begun;
      if (isStored) await this.responses.end(turn, writer.items, outcome);
    } catch (error) {
      this.log.warn('response not stored', { responseId: turn.id, error });
      failure ??= AppError.from(error);
      outcome = { ...failureOf(failure), usage: outcome.usage };
    }
    if (failure !== undefined && output?.hasBegun !== true) {
      output?.discard();
      throw withUsage(failure, outcome.usage);
    }
    const head = workerId === undefined ? {} : { workerId };
    const final = objectOf(outcome.status, outcome);
    if (output === undefined) {
      stream.head(head);
      writeJson(stream, final);
    } else {
      output.begin(head);
      events.response(outcome.status === 'cancelled' ? 'failed' : outcome.status, final);
    }
    return { usage: outcome.usage ?? emptyUsage() };
  }

  /** Returns the usage of one call of the model. @throws {AppError} of the inference. */
  async #call(
    call: Call,
    chat: ReturnType<typeof chatRequestOf>,
    stream: ServedStream<Run>,
    writer: OutputWriter,
    onHead: (workerId: string) => void,
  ): Promise<TokenUsage> {
    let isPaused = false;
    const model = new ModelCall(
      ({ workerId }) => onHead(workerId),
      (choice) => {
        writer.add(choice);
        const resumed = isPaused ? undefined : stream.paused();
        if (resumed === undefined) return;
        isPaused = true;
        run.pause();
        void resumed.then(() => {
          isPaused = false;
          run.resume();
        });
      },
    );
    const run = this.inference.chat({ ...call, onUsage: () => undefined, chat, seedDigits: undefined }, model);
    model.attach(run);
    const cancel = (): void => run.cancel();
    if (stream.signal.aborted) cancel();
    stream.signal.addEventListener('abort', cancel, { once: true });
    try {
      const usage = await model.ended;
      if (stream.signal.aborted) throw new AppError('inference.cancelled', { usage });
      return usage;
    } finally {
      stream.signal.removeEventListener('abort', cancel);
    }
  }
}

function newTurn(call: Call, request: ResponseRequest, { origin }: TurnContext, deadlineMs: number): NewTurn {
  const createdAt = new Date();
  const id = newResponseId();
  const { projectId, modelName, tier } = call;
  return {
    ...{ projectId, id, createdAt, deadlineMs, origin, input: request.input },
    requested: requestedFields({ id, createdAt: createdAt.getTime(), model: modelName, tier, request }),
  };
}

/** Names the field that an item comes from, for errors of what a model cannot read. */
function contextItems(
  { history, referenced, origin }: TurnContext,
  input: readonly InputItem[],
): { history: ContextItem[]; input: ContextItem[] } {
  const param = origin.previousId === undefined ? 'conversation' : 'previous_response_id';
  return {
    history: history.map((item) => ({ item: item as unknown as NewItem, param })),
    input: input.map((item, at) => ({
      item: (item.type === 'item_reference' ? referenced.get(item.id) : item) as NewItem,
      param: `input[${at}]`,
    })),
  };
}

function outcomeOf(outcome: TurnOutcome, usage: TokenUsage): Outcome {
  const reason = outcome === 'completed' ? null : outcome;
  const status = reason === null ? 'completed' : 'incomplete';
  return { status, endedAt: Date.now(), usage, error: null, incompleteReason: reason };
}

function failureOf(error: AppError): Outcome {
  const usage = (error.details['usage'] as TokenUsage | undefined) ?? null;
  const common = { endedAt: Date.now(), usage, incompleteReason: null };
  return error.code === 'inference.cancelled'
    ? { ...common, status: 'cancelled', error: null }
    : { ...common, status: 'failed', error: responseError(error) };
}

function withUsage(error: AppError, usage: TokenUsage | null): AppError {
  return usage === null || error.details['usage'] !== undefined
    ? error
    : new AppError(error.code, { ...error.details, usage }, { cause: error });
}
