/** `/v1/responses`, of an endpoint or of a project, where `model` selects the endpoint. */
import { Controller, Param, Req, Res } from '@nestjs/common';
import { withIncluded } from '@xerotier/public-api/items';
import type { QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import {
  cancelResponse,
  createResponse,
  deleteResponse,
  listInputItems,
  retrieveResponse,
} from '@xerotier/public-api/responses';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ProjectAccess } from '../access/project-access.ts';
import { OperationQuery, RequestProject } from '../operations/operation-params.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { asResponseId } from './response-ids.ts';
import { ResponseRequestsService } from './response-requests.service.ts';
import { StoredResponsesService } from './stored-responses.service.ts';
import { TurnsService } from './turns.service.ts';

@Controller()
export class ResponsesController {
  constructor(
    private readonly requests: ResponseRequestsService,
    private readonly turns: TurnsService,
    private readonly stored: StoredResponsesService,
  ) {}

  @Operation(createResponse)
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.turns.respond(await this.requests.read(request, request.body), reply);
  }

  @Operation(retrieveResponse)
  async retrieve(
    @RequestProject() { project }: ProjectAccess,
    @Param('response') response: string,
    @OperationQuery() query: QueryOf<typeof retrieveResponse>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const key = { projectId: project.id, id: asResponseId(response) };
    const { include, stream, starting_after: after } = query;
    if (stream) {
      const obfuscates = query.include_obfuscation !== false;
      return this.stored.follow({ ...key, obfuscates, ...(after !== undefined && { after }) }, reply);
    }
    const { output, ...rest } = await this.stored.get(key);
    await reply.send({ ...rest, output: output.map((item) => withIncluded(item, include)) });
  }

  @Operation(deleteResponse)
  async delete(
    @RequestProject() { project }: ProjectAccess,
    @Param('response') id: string,
  ): Promise<ResponseOf<typeof deleteResponse>> {
    await this.stored.delete({ projectId: project.id, id: asResponseId(id) });
    return { id, object: 'response', deleted: true };
  }

  @Operation(cancelResponse)
  cancel(
    @RequestProject() { project }: ProjectAccess,
    @Param('response') id: string,
  ): Promise<ResponseOf<typeof cancelResponse>> {
    return this.stored.cancel({ projectId: project.id, id: asResponseId(id) });
  }

  @Operation(listInputItems)
  async listInputItems(
    @RequestProject() { project }: ProjectAccess,
    @Param('response') id: string,
    @OperationQuery() { include, ...page }: QueryOf<typeof listInputItems>,
  ): Promise<ResponseOf<typeof listInputItems>> {
    const { items, hasMore } = await this.stored.listInputItems({
      projectId: project.id,
      id: asResponseId(id),
      ...page,
    });
    return pageOf(
      items.map((item) => withIncluded(item, include)),
      hasMore,
    );
  }
}
