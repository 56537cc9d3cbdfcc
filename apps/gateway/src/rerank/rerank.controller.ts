/** `POST /v1/rerank` and `/v1/score`, of an endpoint or of a project, where `model` selects the endpoint. */
import { Controller, Req, Res } from '@nestjs/common';
import { rerank, rerankRequest, rerankV2, score, scoreRequest } from '@xerotier/public-api/reranking';
import type { EndpointTask } from '@xerotier/contracts/auth';
import { readFields } from '@xerotier/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { accessOf } from '../access/check-access.ts';
import { addressedEndpoint } from '../models/addressed-endpoint.ts';
import { ModelDirectory } from '../models/model-directory.service.ts';
import type { Caller } from '../requests/caller.ts';
import { fieldsOf, rejectUnsupported } from '../requests/request-fields.ts';
import type { Fields, UnsupportedParameter } from '../requests/request-fields.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { RerankService } from './rerank.service.ts';
import type { ScoredResponse } from './rerank.service.ts';

/** Endpoints with the task `embed` score by the similarity of embeddings. */
const TASKS: readonly EndpointTask[] = ['score', 'embed'];

const UNSUPPORTED: readonly UnsupportedParameter[] = ['truncate_prompt_tokens', 'rank_fields'].map((param) => ({
  param,
  isRequested: (value) => value != null,
  reason: 'texts are always used as a whole.',
}));

@Controller()
export class RerankController {
  constructor(
    private readonly reranking: RerankService,
    private readonly models: ModelDirectory,
  ) {}

  @Operation(rerank)
  async rerank(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = readFields(rerankRequest, supportedFields(request));
    const caller = await this.#callerOf(request, body.model);
    await send(reply, await this.reranking.rerank(caller, body, reply.raw));
  }

  @Operation(rerankV2)
  async rerankV2(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.rerank(request, reply);
  }

  @Operation(score)
  async score(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = readFields(scoreRequest, supportedFields(request));
    const caller = await this.#callerOf(request, body.model);
    await send(reply, await this.reranking.score(caller, body, reply.raw));
  }

  async #callerOf(request: FastifyRequest, model: string): Promise<Caller> {
    const endpoint = await addressedEndpoint(request, model, TASKS, this.models);
    return { requestId: request.id, access: accessOf(request), endpoint };
  }
}

function supportedFields(request: FastifyRequest): Fields {
  const fields = fieldsOf(request.body);
  rejectUnsupported(fields, UNSUPPORTED);
  return fields;
}

async function send(reply: FastifyReply, { headers, body }: ScoredResponse): Promise<void> {
  await reply.code(200).headers(headers).type('application/json; charset=utf-8').send(JSON.stringify(body));
}
