/** Serves chat completion requests: enforces rate limits, runs the inference, writes the response, and stores it with `store`. */
import { Injectable } from '@nestjs/common';
import { emptyUsage } from '@xerotier/contracts/inference';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import type { Model } from '@xerotier/contracts/router';
import { estimatePromptTokens, InferenceClient, maxPromptTokens } from '@xerotier/inference';
import { hasLinkedImages, LinkedImages } from '@xerotier/linked-images';
import type { StreamControl } from '@xerotier/nats';
import type { FastifyReply } from 'fastify';
import type { ServerResponse } from 'node:http';
import { CancellationService } from '../cancellation/cancellation.service.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { admitOrReject } from '../rate-limits/admit-or-reject.ts';
import { RateLimitsService } from '../rate-limits/rate-limits.service.ts';
import type { TokenEstimate } from '../rate-limits/request-cost.ts';
import { trackedContextOf } from '../requests/caller.ts';
import type { Caller } from '../requests/caller.ts';
import { disconnectSignal } from '../requests/disconnect-signal.ts';
import { CompletionLogs } from '../stored-completions/completion-logs.ts';
import { storedCompletionOf } from '../stored-completions/stored-completion.ts';
import { StoredCompletionsService } from '../stored-completions/stored-completions.service.ts';
import { StoringResponse } from '../stored-completions/storing-response.ts';
import { ChatEnvelope } from './chat-envelope.ts';
import { SseResponse } from './sse-response.ts';
import { JsonResponse } from './json-response.ts';

/** Tokens to hold for a completion without a maximum; the actual usage is charged at the end. */
const UNBOUNDED_COMPLETION_TOKENS = 1_024;
/** For spend caps, while the router is unavailable: that of most current models, at most. */
const UNKNOWN_CONTEXT_TOKENS = 131_072;

/** A request, with the data that its fields cannot represent. */
interface ParsedChat {
  /** With the defaults of the endpoint. */
  readonly chat: ChatCompletionRequest;
  /** Those of the client alone. */
  readonly messages: ChatCompletionRequest['messages'];
  /** All digits of a seed that exceeds the precision of a number. */
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
    private readonly images: LinkedImages,
    private readonly logs: CompletionLogs,
  ) {}

  /**
   * Starts the inference; its data and errors are then written to the response.
   * @throws {AppError} before the inference starts: `limits.*`, and as `LinkedImages.inline`.
   */
  async respond(
    caller: Caller,
    { chat: requested, messages, seedDigits }: ParsedChat,
    reply: FastifyReply,
  ): Promise<void> {
    // Workers do not know clients.
    const { x_detach: isDetached, ...chat } = requested;
    const { requestId, access, endpoint } = caller;
    const model = await this.models.get(endpoint.modelId);
    const charge = await admitOrReject(this.limits, caller, estimateOf(chat, model), reply.raw);
    // After the limits, which bound what is fetched too.
    const served = hasLinkedImages(chat) ? await this.#withImages(chat, reply.raw, charge) : chat;
    // From here on the response is written to the socket directly, not by Fastify.
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
    const address = { completionId: fields.id, projectId: access.project.id, endpointId: endpoint.id };
    const log = chat.stream === true && chat.store === true ? this.logs.begin(address) : undefined;
    const response = chat.stream === true ? new SseResponse(raw, envelope, log) : new JsonResponse(raw, envelope);
    const sink =
      chat.store === true
        ? new StoringResponse(response, chat.stream === true, (collected) =>
            this.stored.save({
              projectId: access.project.id,
              endpointId: endpoint.id,
              createdAt,
              completion: storedCompletionOf(fields, requestId, chat, collected),
              messages,
            }),
          )
        : response;
    const onUsage = (usage: TokenUsage): void => {
      unregister();
      charge(usage);
    };
    const run = this.inference.chat({ ...trackedContextOf(caller, raw, onUsage), chat: served, seedDigits }, sink);
    const unregister = this.cancellations.register(fields.id, {
      projectId: access.project.id,
      endpointId: endpoint.id,
      cancel: () => run.cancel(),
    });
    const control = isDetached === true ? detached(run) : run;
    response.attach(control);
    // The client may have disconnected meanwhile.
    if (raw.destroyed) control.cancel();
  }

  async #withImages(
    chat: ChatCompletionRequest,
    response: ServerResponse,
    charge: (usage: TokenUsage) => void,
  ): Promise<ChatCompletionRequest> {
    try {
      return await this.images.inline(chat, disconnectSignal(response));
    } catch (error) {
      charge(emptyUsage());
      throw error;
    }
  }
}

/** What goes on without its client. */
function detached(run: StreamControl): StreamControl {
  return { pause: () => run.pause(), resume: () => run.resume(), cancel: () => run.resume() };
}

/** Returns the maximum tokens of a request: the prompt once, and the maximum of each choice. */
function estimateOf(chat: ChatCompletionRequest, model: Model | undefined): TokenEstimate {
  const requested = chat.max_completion_tokens ?? chat.max_tokens;
  const contextTokens = model?.contextTokens ?? Infinity;
  const choices = chat.n ?? 1;
  const completionTokens = choices * Math.min(requested ?? UNBOUNDED_COMPLETION_TOKENS, contextTokens);
  return {
    promptTokens: estimatePromptTokens(chat.messages),
    promptTokensMax: () => Math.min(maxPromptTokens(chat), contextTokens),
    completionTokens,
    completionTokensMax: choices * Math.min(requested ?? model?.contextTokens ?? UNKNOWN_CONTEXT_TOKENS, contextTokens),
  };
}
