/** `POST /v1/chat/completions`: of one endpoint, and of the whole project, where `model` says which endpoint. */
import { Controller, Post, Req, Res } from '@nestjs/common';
import type { EndpointAccess } from '@xerotier/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { accessOf, RequireScope } from '../access/require-scope.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { ChatCompletionsService } from './chat-completions.service.ts';
import { parseChatRequest } from './chat-request.ts';

@Controller()
export class ChatCompletionsController {
  constructor(
    private readonly completions: ChatCompletionsService,
    private readonly models: ModelDirectory,
  ) {}

  @Post(':project/:endpoint/v1/chat/completions')
  @RequireScope('inference')
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const access = accessOf(request);
    const chat = parseChatRequest(request.body);
    // From here on the answer is written as it comes, past Fastify.
    reply.hijack();
    // An endpoint URL names exactly one.
    await this.completions.answer(request.id, access, access.endpoints[0] as EndpointAccess, chat, reply.raw);
  }

  @Post(':project/v1/chat/completions')
  @RequireScope('inference')
  async createInProject(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const access = accessOf(request);
    const chat = parseChatRequest(request.body);
    const endpoint = await this.models.endpointFor(chat.model, access.endpoints);
    reply.hijack();
    await this.completions.answer(request.id, access, endpoint, chat, reply.raw);
  }
}
