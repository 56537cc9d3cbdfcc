/** `POST /v1/chat/completions`. */
import { Controller, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { accessOf, RequireScope } from '../access/require-scope.ts';
import { ChatCompletionsService } from './chat-completions.service.ts';
import { parseChatRequest } from './chat-request.ts';

@Controller()
export class ChatCompletionsController {
  constructor(private readonly completions: ChatCompletionsService) {}

  @Post(':project/:endpoint/v1/chat/completions')
  @RequireScope('inference')
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const access = accessOf(request);
    const chat = parseChatRequest(request.body);
    // From here on the answer is written as it comes, past Fastify.
    reply.hijack();
    await this.completions.answer(request.id, access, chat, reply.raw);
  }
}
