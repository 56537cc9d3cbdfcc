/** Audio and images under `/v1`: of one endpoint, and of the whole project, where `model` says which endpoint. */
import { Controller, Post, Req, Res } from '@nestjs/common';
import { mediaRoutes } from '@xerotier/contracts/xim';
import type { MediaRoute } from '@xerotier/contracts/xim';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { onEveryBase } from '../access/base-paths.ts';
import { accessOf, RequireScope } from '../access/require-scope.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { mediaEndpoint } from './media-endpoint.ts';
import { readMediaRequest } from './media-request.ts';
import { MediaService } from './media.service.ts';

@Controller()
export class MediaController {
  constructor(
    private readonly media: MediaService,
    private readonly models: ModelDirectory,
  ) {}

  @Post(onEveryBase('v1/audio/speech'))
  @RequireScope('inference')
  speak(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer('audio/speech', request, reply);
  }

  @Post(onEveryBase('v1/audio/transcriptions'))
  @RequireScope('inference', 'form')
  transcribe(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer('audio/transcriptions', request, reply);
  }

  @Post(onEveryBase('v1/audio/translations'))
  @RequireScope('inference', 'form')
  translate(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer('audio/translations', request, reply);
  }

  @Post(onEveryBase('v1/images/generations'))
  @RequireScope('inference')
  generate(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer('images/generations', request, reply);
  }

  @Post(onEveryBase('v1/images/edits'))
  @RequireScope('inference', 'form')
  edit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer('images/edits', request, reply);
  }

  @Post(onEveryBase('v1/images/variations'))
  @RequireScope('inference', 'form')
  vary(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer('images/variations', request, reply);
  }

  async #answer(route: MediaRoute, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { model, fields, files } = readMediaRequest(route, request);
    const endpoint = await mediaEndpoint(request, model, mediaRoutes[route].task, this.models);
    const caller = { requestId: request.id, access: accessOf(request), endpoint };
    await this.media.answer(caller, { route, fields, files: [...files] }, reply);
  }
}
