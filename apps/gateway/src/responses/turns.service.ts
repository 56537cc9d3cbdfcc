/** Runs turns in the responses service: enforces rate limits, and writes what comes. */
import { Inject, Injectable } from '@nestjs/common';
import { emptyUsage } from '@xerotier/contracts/inference';
import type { ModelCallContext } from '@xerotier/contracts/inference';
import type { Model } from '@xerotier/contracts/router';
import { turnsContract } from '@xerotier/contracts/responses';
import { estimateTokens, requestTimeoutOf } from '@xerotier/inference';
import { Bus } from '@xerotier/nats';
import type { PublicResponse, ResponseRequest } from '@xerotier/public-api/responses';
import { CONFIG } from '@xerotier/service-host';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { GatewayConfig } from '../config.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { admitOrReject } from '../rate-limits/admit-or-reject.ts';
import type { LimitedResponse } from '../rate-limits/admit-or-reject.ts';
import { RateLimitsService } from '../rate-limits/rate-limits.service.ts';
import type { TokenEstimate } from '../rate-limits/request-cost.ts';
import { lineOf } from '../requests/batch-line.ts';
import { modelCallContextOf } from '../requests/caller.ts';
import type { Caller } from '../requests/caller.ts';
import { chargedSink } from './charged-sink.ts';
import { StoredResponsesService } from './stored-responses.service.ts';
import { StreamedTurn, WholeTurn } from './turn-response.ts';
import type { TurnSink } from './turn-response.ts';

const { run } = turnsContract.operations;
type Turn = z.input<typeof run.input>;

/** Tokens to hold for a response without a maximum; the actual usage is charged at the end. */
const UNBOUNDED_OUTPUT_TOKENS = 1_024;
/** For spend caps, while the router is unavailable: that of most current models, at most. */
const UNKNOWN_CONTEXT_TOKENS = 131_072;
/** The responses service stores a response after the model has ended at its deadline. */
export const STORING_MS = 10_000;

@Injectable()
export class TurnsService {
  constructor(
    private readonly bus: Bus,
    private readonly models: ModelDirectory,
    private readonly limits: RateLimitsService,
    private readonly stored: StoredResponsesService,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'limits'>,
  ) {}

  /** Starts a turn; its events or the response object, and errors, are then written to the reply. @throws {AppError} `limits.*`. */
  async respond(turn: RequestedTurn, reply: FastifyReply): Promise<void> {
    const { request } = turn;
    if (request.background === true || request.x_detach === true) return this.#enqueue(turn, reply);
    const { raw } = reply;
    await this.run(turn, raw, () => {
      reply.hijack();
      return request.stream === true ? new StreamedTurn(raw) : new WholeTurn(raw);
    });
  }

  /**
   * Starts a turn, which goes on until it has ended, or its client is gone.
   * @param begin called once it is admitted; returns where its events or the response object, and errors, are written.
   * @throws {AppError} `limits.*`.
   */
  async run(
    { caller, request, systemPrompt, ...options }: RequestedTurn,
    client: TurnClient,
    begin: () => TurnSink,
  ): Promise<void> {
    const model = await this.models.get(caller.endpoint.modelId);
    const charge = await admitOrReject(this.limits, caller, estimateOf(request, model), client);
    const response = begin();
    const call = modelCallContextOf(caller, client.req, model);
    const line = lineOf(client.req);
    const input = { ...turnOf(call, request, systemPrompt), ...options, returnsUsageRecord: line !== undefined };
    const charged = chargedSink(client.req, response, charge);
    const sink = {
      ...charged,
      head: (head: z.output<typeof run.head>) => {
        line?.placed();
        charged.head(head);
      },
      end: ({ usage, usageRecord }: z.output<typeof run.end>) => {
        if (usageRecord !== undefined) line?.record(usageRecord);
        charged.end({ usage });
      },
    };
    const deadlineMs = requestTimeoutOf(call, this.config.limits.requestTimeoutMs) + STORING_MS;
    const turn = this.bus.open(run, input, sink, { requestId: caller.requestId, deadlineMs });
    response.attach(turn);
    // The client may have disconnected meanwhile.
    if (client.destroyed) turn.cancel();
  }

  /** What runs later is charged now, as far as its request tells. */
  async #enqueue({ caller, request, systemPrompt }: RequestedTurn, reply: FastifyReply): Promise<void> {
    const model = await this.models.get(caller.endpoint.modelId);
    const estimate = estimateOf(request, model);
    const charge = await admitOrReject(this.limits, caller, estimate, reply.raw);
    const projectId = caller.access.project.id;
    const call = modelCallContextOf(caller, reply.raw.req, model);
    let response: PublicResponse;
    try {
      response = await this.stored.enqueue(turnOf(call, request, systemPrompt));
    } catch (error) {
      charge(emptyUsage());
      throw error;
    }
    const { promptTokens, completionTokens } = estimate;
    charge({ ...emptyUsage(), promptTokens, completionTokens });
    if (request.stream === true)
      this.stored.follow({ projectId, id: response.id, obfuscates: obfuscates(request) }, reply);
    else await reply.send(response);
  }
}

export interface RequestedTurn extends Pick<Turn, 'kept' | 'generates'> {
  readonly caller: Caller;
  /** With the defaults of the endpoint. */
  readonly request: ResponseRequest;
  /** Of the endpoint. */
  readonly systemPrompt: string | undefined;
}

/** Who waits for a turn: a response over HTTP, or what stands for it on a WebSocket. */
export interface TurnClient extends LimitedResponse {
  /** Whether it waits no more. */
  readonly destroyed: boolean;
}

/** @param request with the defaults of the endpoint. */
export function turnOf(call: ModelCallContext, request: Turn['request'], systemPrompt: string | undefined): Turn {
  return { call, request, ...(systemPrompt !== undefined && { systemPrompt }) };
}

function obfuscates({ stream_options: options }: ResponseRequest): boolean {
  return options?.include_obfuscation !== false;
}

type EstimatedRequest = Pick<ResponseRequest, 'instructions' | 'input' | 'tools' | 'max_output_tokens'>;

/** Of files and images, bytes do not tell the tokens. */
function withoutContent(field: string, value: unknown): unknown {
  return field === 'file_data' || field === 'image_url' ? undefined : value;
}

/** What the request itself has; files, and what it continues from, are charged when they are known. */
export function estimateOf(request: EstimatedRequest, model: Model | undefined): TokenEstimate {
  const contextTokens = model?.contextTokens ?? UNKNOWN_CONTEXT_TOKENS;
  const requested = request.max_output_tokens;
  return {
    promptTokens: Math.min(
      estimateTokens([JSON.stringify([request.instructions, request.input, request.tools], withoutContent)]),
      contextTokens,
    ),
    promptTokensMax: () => contextTokens,
    completionTokens: Math.min(requested ?? UNBOUNDED_OUTPUT_TOKENS, contextTokens),
    completionTokensMax: Math.min(requested ?? contextTokens, contextTokens),
  };
}
