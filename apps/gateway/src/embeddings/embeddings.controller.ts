/** `POST /v1/embeddings`: of one endpoint, and of the whole project, where `model` says which endpoint. */
import { Controller, Req, Res } from '@nestjs/common';
import { createEmbedding, embeddingRequest } from '@xerotier/public-api/embeddings';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { accessOf } from '../access/check-access.ts';
import { addressedEndpoint } from '../models/addressed-endpoint.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { fieldsOf, readFields } from '../requests/request-fields.ts';
import { requestedServiceTierOf } from '../requests/requested-service-tier.ts';
import { EmbeddingsService } from './embeddings.service.ts';

@Controller()
export class EmbeddingsController {
  constructor(
    private readonly embeddings: EmbeddingsService,
    private readonly models: ModelDirectory,
  ) {}

  @Operation(createEmbedding)
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = readFields(embeddingRequest, fieldsOf(request.body));
    const endpoint = await addressedEndpoint(request, body.model, ['embed'], this.models);
    const caller = {
      requestId: request.id,
      access: accessOf(request),
      endpoint,
      requestedServiceTier: requestedServiceTierOf(body.service_tier ?? undefined),
      endUser: body.user ?? undefined,
    };
    const { headers, text } = await this.embeddings.respond(caller, body, reply.raw);
    await reply.code(200).headers(headers).type('application/json; charset=utf-8').send(text);
  }
}
