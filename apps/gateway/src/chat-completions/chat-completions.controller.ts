/** `POST /v1/chat/completions`: of one endpoint, and of the whole project, where `model` says which endpoint. */
import { Controller, Post, Req, Res } from '@nestjs/common';
import type { EndpointAccess } from '@xerotier/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { accessOf, RequireScope } from '../access/require-scope.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { ChatCompletionsService } from './chat-completions.service.ts';
import { parseChatRequest } from './chat-request.ts';
import { latencyTargetsOf } from './latency-target-headers.ts';

@Controller()
export class ChatCompletionsController {
  constructor(
    private readonly completions: ChatCompletionsService,
    private readonly models: ModelDirectory,
  ) {}

  @Post([':project/:endpoint/v1/chat/completions', ':project/v1/chat/completions'])
  @RequireScope('inference')
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const access = accessOf(request);
    const latencyTargets = latencyTargetsOf(request.headers);
    const chat = parseChatRequest(request.body);
    const { endpoint: named } = request.params as { endpoint?: string };
    const endpoint =
      named === undefined
        ? await this.models.endpointFor(chat.model, access.endpoints)
        : // An endpoint URL names exactly one.
          (access.endpoints[0] as EndpointAccess);
    await this.completions.answer({ requestId: request.id, access, endpoint, chat, latencyTargets }, reply);
  }
}
