/** Projects of an account: `/api/v1/projects`. */
import { Controller, Req } from '@nestjs/common';
import { accountsContract } from '@xerotier/contracts/auth';
import type { ActiveSession } from '@xerotier/contracts/auth';
import { Bus } from '@xerotier/nats';
import { createProject, listProjects } from '@xerotier/public-api/accounts';
import type { BodyOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import type { FastifyRequest } from 'fastify';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, RequestSession } from '../operations/operation-params.ts';
import { idempotencyKeyOf } from '../management/change-context.ts';
import { publicProjectOf } from './public-account.ts';

const operations = accountsContract.operations;

@Controller()
export class ProjectsController {
  constructor(private readonly bus: Bus) {}

  @Operation(listProjects)
  async list(@RequestSession() { account }: ActiveSession): Promise<ResponseOf<typeof listProjects>> {
    const { data } = await this.bus.call(operations.listProjects, { accountId: account.id });
    return pageOf(data.map(publicProjectOf), false);
  }

  @Operation(createProject)
  async create(
    @Req() { ip, id: requestId, headers }: FastifyRequest,
    @RequestSession() { account }: ActiveSession,
    @OperationBody() body: BodyOf<typeof createProject>,
  ): Promise<ResponseOf<typeof createProject>> {
    const key = idempotencyKeyOf(headers);
    const input = {
      ...{ accountId: account.id, clientAddress: ip, requestId, ...body },
      ...(key !== undefined && { idempotencyKey: key }),
    };
    return publicProjectOf(await this.bus.call(operations.createProject, input));
  }
}
