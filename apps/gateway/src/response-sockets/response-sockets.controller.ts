import { Controller, Req, Res } from '@nestjs/common';
import { connectResponses } from '@xerotier/public-api/responses';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Operation } from '../operations/operation.decorator.ts';
import { ResponseSocketsService } from './response-sockets.service.ts';

@Controller()
export class ResponseSocketsController {
  constructor(private readonly sockets: ResponseSocketsService) {}

  @Operation(connectResponses)
  connect(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.sockets.accept(request, reply);
  }
}
