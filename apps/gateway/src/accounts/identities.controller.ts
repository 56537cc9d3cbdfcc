/** The identities that are linked to an account: `/api/v1/account/identities`. */
import { Controller, Param, Req, Res } from '@nestjs/common';
import { identitiesContract } from '@xerotier/contracts/auth';
import type { ActiveSession } from '@xerotier/contracts/auth';
import { Bus } from '@xerotier/nats';
import { deleteIdentity, linkIdentity, listIdentities } from '@xerotier/public-api/identities';
import type { BodyOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, RequestSession } from '../operations/operation-params.ts';
import { signInCookie } from '../sessions/sign-in-cookie.ts';
import { providerOf } from './provider-of.ts';

const operations = identitiesContract.operations;

@Controller()
export class IdentitiesController {
  constructor(private readonly bus: Bus) {}

  @Operation(listIdentities)
  async list(@RequestSession() { account }: ActiveSession): Promise<ResponseOf<typeof listIdentities>> {
    const { data } = await this.bus.call(operations.listIdentities, { accountId: account.id });
    return pageOf(
      data.map(({ provider, email, createdAt }) => ({
        ...{ id: provider, object: 'identity' as const, email },
        created_at: Math.floor(createdAt / 1_000),
      })),
      false,
    );
  }

  @Operation(linkIdentity)
  async link(
    @Req() { ip: clientAddress }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @RequestSession() { account: { id: accountId } }: ActiveSession,
    @Param('provider') provider: string,
    @OperationBody() { current_password: currentPassword, return_to: returnTo }: BodyOf<typeof linkIdentity>,
  ): Promise<ResponseOf<typeof linkIdentity>> {
    const { authorizationUrl, flow, expiresAt } = await this.bus.call(operations.beginIdentityLink, {
      ...{ provider: providerOf(provider), returnTo, accountId, clientAddress },
      ...(currentPassword !== undefined && { currentPassword }),
    });
    reply.header('set-cookie', signInCookie(flow, expiresAt));
    return { object: 'identity_link', url: authorizationUrl };
  }

  @Operation(deleteIdentity)
  async delete(
    @RequestSession() { account: { id: accountId } }: ActiveSession,
    @Param('provider') name: string,
  ): Promise<ResponseOf<typeof deleteIdentity>> {
    const provider = providerOf(name);
    await this.bus.call(operations.deleteIdentity, { accountId, provider });
    return { id: provider, object: 'identity.deleted', deleted: true };
  }
}
