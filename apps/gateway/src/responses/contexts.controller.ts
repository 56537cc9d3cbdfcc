/** What can be done with a context besides running a turn: `/v1/responses/input_tokens` and `/compact`. */
import { Controller, Req, Res } from '@nestjs/common';
import { readFields } from '@xerotier/http';
import {
  compactResponse,
  compactResponseRequest,
  countInputTokens,
  countInputTokensRequest,
} from '@xerotier/public-api/responses';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccessService } from '../access/access.service.ts';
import { accessOf, withSystemPrompt } from '../access/check-access.ts';
import { addressedEndpoint } from '../models/addressed-endpoint.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import { Operation } from '../operations/operation.decorator.ts';
import type { Caller } from '../requests/caller.ts';
import { fieldsOf } from '../requests/request-fields.ts';
import { requestedServiceTierOf } from '../requests/requested-service-tier.ts';
import { ContextsService } from './contexts.service.ts';

@Controller()
export class ContextsController {
  constructor(
    private readonly contexts: ContextsService,
    private readonly models: ModelDirectory,
    private readonly access: AccessService,
  ) {}

  @Operation(countInputTokens)
  async count(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = readFields(countInputTokensRequest, fieldsOf(request.body));
    const caller = await this.#callerOf(request, body.model);
    const { headers, inputTokens } = await this.contexts.count(caller, body, reply.raw);
    await reply.headers(headers).send({ object: 'response.input_tokens', input_tokens: inputTokens });
  }

  @Operation(compactResponse)
  async compact(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = readFields(compactResponseRequest, fieldsOf(request.body));
    const caller = await this.#callerOf(request, body.model, body.service_tier);
    await this.contexts.compact(caller, body, reply);
  }

  async #callerOf(request: FastifyRequest, model: string, serviceTier?: string): Promise<Caller> {
    const addressed = await addressedEndpoint(request, model, ['generate'], this.models);
    const endpoint = await withSystemPrompt(this.access, request, addressed);
    return {
      requestId: request.id,
      access: accessOf(request),
      endpoint,
      latencyTargets: endpoint.latencyTargets,
      requestedServiceTier: requestedServiceTierOf(serviceTier),
    };
  }
}
