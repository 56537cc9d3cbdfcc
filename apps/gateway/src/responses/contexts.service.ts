import { Inject, Injectable } from '@nestjs/common';
import { emptyUsage } from '@xerotier/contracts/inference';
import { turnsContract } from '@xerotier/contracts/responses';
import { AppError } from '@xerotier/errors';
import { requestTimeoutOf } from '@xerotier/inference';
import { Bus } from '@xerotier/nats';
import type { CompactResponseRequest, CountInputTokensRequest } from '@xerotier/public-api/responses';
import { CONFIG } from '@xerotier/service-host';
import type { FastifyReply } from 'fastify';
import type { ServerResponse } from 'node:http';
import type { GatewayConfig } from '../config.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { admitOrReject } from '../rate-limits/admit-or-reject.ts';
import { RateLimitsService } from '../rate-limits/rate-limits.service.ts';
import { modelCallContextOf } from '../requests/caller.ts';
import type { Caller } from '../requests/caller.ts';
import { disconnectSignal } from '../requests/disconnect-signal.ts';
import { responseHeaders } from '../requests/response-headers.ts';
import { chargedSink, outage } from './charged-sink.ts';
import { WholeTurn } from './turn-response.ts';
import { estimateOf, STORING_MS, turnOf } from './turns.service.ts';

const COUNT_DEADLINE_MS = 30_000;

/** Contexts, as the responses service reads them. */
@Injectable()
export class ContextsService {
  constructor(
    private readonly bus: Bus,
    private readonly models: ModelDirectory,
    private readonly limits: RateLimitsService,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'limits'>,
  ) {}

  /**
   * Counts the input tokens of a request. It is limited as a request without tokens.
   * @throws {AppError} `limits.*`, `response.*`, `conversation.not_found`, `item.not_found`, `request.*`, `inference.*`,
   * `responses.unavailable`; `inference.cancelled` if the client disconnects.
   */
  async count(
    caller: Caller,
    request: CountInputTokensRequest,
    response: ServerResponse,
  ): Promise<{ headers: Record<string, string>; inputTokens: number }> {
    const charge = await admitOrReject(this.limits, caller, { promptTokens: 0, completionTokens: 0 }, response);
    try {
      const model = await this.models.get(caller.endpoint.modelId);
      const call = modelCallContextOf(caller, response.req, model);
      const turn = turnOf(call, request, caller.endpoint.defaults?.systemPrompt);
      const { workerId, inputTokens } = await this.#count(turn, disconnectSignal(response));
      return { headers: responseHeaders({ workerId }, response), inputTokens };
    } finally {
      charge(emptyUsage());
    }
  }

  /** Starts a compaction, which is then written to the reply, as are errors. @throws {AppError} `limits.*`. */
  async compact(caller: Caller, request: CompactResponseRequest, reply: FastifyReply): Promise<void> {
    const { raw } = reply;
    const model = await this.models.get(caller.endpoint.modelId);
    const charge = await admitOrReject(this.limits, caller, estimateOf(request, model), raw);
    reply.hijack();
    const response = new WholeTurn(raw);
    const call = modelCallContextOf(caller, raw.req, model);
    const compaction = this.bus.open(
      turnsContract.operations.compact,
      turnOf(call, request, caller.endpoint.defaults?.systemPrompt),
      chargedSink(raw.req, response, charge),
      {
        requestId: caller.requestId,
        deadlineMs: requestTimeoutOf(call, this.config.limits.requestTimeoutMs) + STORING_MS,
      },
    );
    response.attach(compaction);
    // The client may have disconnected meanwhile.
    if (raw.destroyed) compaction.cancel();
  }

  #count(turn: ReturnType<typeof turnOf>, signal: AbortSignal): Promise<{ workerId: string; inputTokens: number }> {
    return new Promise((resolve, reject) => {
      let workerId = '';
      const stream = this.bus.open(
        turnsContract.operations.count,
        turn,
        {
          head: (head) => (workerId = head.workerId),
          data: () => undefined,
          end: ({ inputTokens }) => resolve({ workerId, inputTokens }),
          error: (error) => reject(signal.aborted ? new AppError('inference.cancelled') : outage(error)),
        },
        { requestId: turn.call.requestId, deadlineMs: COUNT_DEADLINE_MS },
      );
      const cancel = (): void => stream.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      if (signal.aborted) cancel();
    });
  }
}
