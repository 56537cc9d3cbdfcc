/** `POST /v1/chat/completions`, of an endpoint or of a project, where `model` selects the endpoint. */
import { Controller, Req, Res } from '@nestjs/common';
import { createChatCompletion } from '@xerotier/public-api/chat-completions';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccessService } from '../access/access.service.ts';
import { accessOf, withSystemPrompt } from '../access/check-access.ts';
import { addressedEndpoint } from '../models/addressed-endpoint.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { ChatCompletionsService } from './chat-completions.service.ts';
import { parseChatRequest, seedDigitsIn } from './chat-request.ts';
import { withEndpointDefaults } from './endpoint-defaults.ts';
import { withProjectDefaults } from './project-defaults.ts';
import { latencyTargetsOf } from './latency-target-headers.ts';
import { requestedServiceTierOf } from '../requests/requested-service-tier.ts';

@Controller()
export class ChatCompletionsController {
  constructor(
    private readonly completions: ChatCompletionsService,
    private readonly models: ModelDirectory,
    private readonly access: AccessService,
  ) {}

  @Operation(createChatCompletion)
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const latencyTargets = latencyTargetsOf(request.headers);
    const access = accessOf(request);
    const requested = withProjectDefaults(parseChatRequest(request.body), access);
    const addressed = await addressedEndpoint(request, requested.model, ['generate'], this.models);
    const endpoint =
      addressed.isSystemPromptOmitted === true ? await withSystemPrompt(this.access, request, addressed) : addressed;
    const chat = withEndpointDefaults(requested, endpoint);
    const caller = {
      requestId: request.id,
      access,
      endpoint,
      latencyTargets: latencyTargets ?? endpoint.latencyTargets,
      requestedServiceTier: requestedServiceTierOf(chat.service_tier),
      endUser: chat.user,
    };
    const { messages } = requested;
    await this.completions.respond(caller, { chat, messages, seedDigits: seedDigitsIn(request.body) }, reply);
  }
}
