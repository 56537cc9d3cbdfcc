/** `POST /v1/embeddings`, of an endpoint or of a project, where `model` selects the endpoint. */
import { Controller, Req, Res } from '@nestjs/common';
import type { Access } from '@xerotier/contracts/auth';
import { createEmbedding } from '@xerotier/public-api/embeddings';
import type { BodyOf } from '@xerotier/public-api/operation';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { addressedEndpoint } from '../models/addressed-endpoint.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { OperationBody, RequestAccess } from '../operations/operation-params.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { requestedServiceTierOf } from '../requests/requested-service-tier.ts';
import { EmbeddingsService } from './embeddings.service.ts';

@Controller()
export class EmbeddingsController {
  constructor(
    private readonly embeddings: EmbeddingsService,
    private readonly models: ModelDirectory,
  ) {}

  @Operation(createEmbedding)
  async create(
    @Req() request: FastifyRequest,
    @RequestAccess() access: Access,
    @OperationBody() body: BodyOf<typeof createEmbedding>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const endpoint = await addressedEndpoint(request, body.model, ['embed'], this.models);
    const caller = {
      requestId: request.id,
      access,
      endpoint,
      requestedServiceTier: requestedServiceTierOf(body.service_tier ?? undefined),
      endUser: body.user ?? undefined,
    };
    const { headers, text } = await this.embeddings.respond(caller, body, reply.raw);
    await reply.code(200).headers(headers).type('application/json; charset=utf-8').send(text);
  }
}
