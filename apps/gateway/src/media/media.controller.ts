/** Audio and image routes, of an endpoint or of a project, where `model` selects the endpoint. */
import { Controller, Req, Res } from '@nestjs/common';
import { mediaRoutes } from '@xerotier/contracts/xim';
import type { MediaRoute } from '@xerotier/contracts/xim';
import { createSpeech, createTranscription, createTranslation } from '@xerotier/public-api/audio';
import { createImage, createImageEdit, createImageVariation } from '@xerotier/public-api/images';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { accessOf } from '../access/check-access.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { mediaEndpoint } from './media-endpoint.ts';
import { readMediaRequest } from './media-request.ts';
import { MediaService } from './media.service.ts';

@Controller()
export class MediaController {
  constructor(
    private readonly media: MediaService,
    private readonly models: ModelDirectory,
  ) {}

  @Operation(createSpeech)
  speak(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#respond('audio/speech', request, reply);
  }

  @Operation(createTranscription)
  transcribe(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#respond('audio/transcriptions', request, reply);
  }

  @Operation(createTranslation)
  translate(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#respond('audio/translations', request, reply);
  }

  @Operation(createImage)
  generate(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#respond('images/generations', request, reply);
  }

  @Operation(createImageEdit)
  edit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#respond('images/edits', request, reply);
  }

  @Operation(createImageVariation)
  vary(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#respond('images/variations', request, reply);
  }

  async #respond(route: MediaRoute, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { model, fields, files } = readMediaRequest(route, request);
    const endpoint = await mediaEndpoint(request, model, mediaRoutes[route].task, this.models);
    const caller = { requestId: request.id, access: accessOf(request), endpoint };
    await this.media.respond(caller, { route, fields, files: [...files] }, reply);
  }
}
