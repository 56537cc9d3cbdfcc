/** Responds to chat completion requests: takes what the limits allow, runs the inference, and writes what comes, stored first when asked for. */
import { Injectable } from '@nestjs/common';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import type { Model } from '@xerotier/contracts/router';
import { estimatePromptTokens, InferenceClient } from '@xerotier/inference';
import type { FastifyReply } from 'fastify';
import { CancellationService } from '../cancellation/cancellation.service.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { admitOrReject } from '../rate-limits/admit-or-reject.ts';
import { RateLimitsService } from '../rate-limits/rate-limits.service.ts';
import { trackedContextOf } from '../requests/caller.ts';
import type { Caller } from '../requests/caller.ts';
import { storedCompletionOf } from '../stored-completions/stored-completion.ts';
import { StoredCompletionsService } from '../stored-completions/stored-completions.service.ts';
import { StoringResponse } from '../stored-completions/storing-response.ts';
import { ChatEnvelope } from './chat-envelope.ts';
import { SseResponse } from './sse-response.ts';
import { JsonResponse } from './json-response.ts';

/** What the limits hold for a response whose request names no bound: what it really uses is charged in the end. */
const UNBOUNDED_COMPLETION_TOKENS = 1_024;

/** A request, and what its fields cannot hold. */
interface ParsedChat {
  readonly chat: ChatCompletionRequest;
  /** All digits of a seed that a number cannot hold. */
  readonly seedDigits: string | undefined;
}

@Injectable()
export class ChatCompletionsService {
  constructor(
    private readonly inference: InferenceClient,
    private readonly models: ModelDirectory,
    private readonly limits: RateLimitsService,
    private readonly cancellations: CancellationService,
    private readonly stored: StoredCompletionsService,
  ) {}

  /**
   * Begins the response; from then on it is written to the response as it comes, errors included.
   * @throws {AppError} `limits.*` before anything has begun.
   */
  async respond(caller: Caller, { chat, seedDigits }: ParsedChat, reply: FastifyReply): Promise<void> {
    const { requestId, access, endpoint } = caller;
    const model = await this.models.get(endpoint.modelId);
    const charge = await admitOrReject(this.limits, caller, tokensAtMost(chat, model), reply.raw);
    // From here on the response is written past Fastify.
    reply.hijack();
    const { raw } = reply;
    const createdAt = Date.now();
    const fields = {
      id: `chatcmpl-${requestId.slice(requestId.indexOf('_') + 1)}`,
      createdSeconds: Math.floor(createdAt / 1_000),
      model: model?.name ?? endpoint.modelId,
      tier: endpoint.tier,
    };
    const envelope = new ChatEnvelope(fields, {
      withUsage: chat.stream_options?.include_usage === true,
      vendorEvents: chat.x_events === true,
      reasoningInChunks: chat.include_reasoning === true,
    });
    const response = chat.stream === true ? new SseResponse(raw, envelope) : new JsonResponse(raw, envelope);
    const sink =
      chat.store === true
        ? new StoringResponse(response, chat.stream === true, (collected) =>
            this.stored.save({
              projectId: access.project.id,
              endpointId: endpoint.id,
              createdAt,
              completion: storedCompletionOf(fields, requestId, chat, collected),
              messages: chat.messages,
            }),
          )
        : response;
    const onUsage = (usage: TokenUsage): void => {
      over();
      charge(usage);
    };
    const run = this.inference.chat({ ...trackedContextOf(caller, raw, onUsage), chat, seedDigits }, sink);
    const over = this.cancellations.begun(fields.id, {
      projectId: access.project.id,
      endpointId: endpoint.id,
      cancel: () => run.cancel(),
    });
    response.attach(run);
    // The client may have left while the model was looked up.
    if (raw.destroyed) run.cancel();
  }
}

/** The prompt, which is computed once, and as much as each choice may have. */
function tokensAtMost(chat: ChatCompletionRequest, model: Model | undefined): number {
  const requested = chat.max_completion_tokens ?? chat.max_tokens ?? UNBOUNDED_COMPLETION_TOKENS;
  const ofChoice = Math.min(requested, model?.contextTokens ?? requested);
  return estimatePromptTokens(chat.messages) + (chat.n ?? 1) * ofChoice;
}
