/** The first admin of the platform: `/api/v1/bootstrap`. */
import { Controller, Req, Res } from '@nestjs/common';
import { bootstrapContract } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import { bootstrapAdmin } from '@xerotier/public-api/accounts';
import type { BodyOf, ResponseOf } from '@xerotier/public-api/operation';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody } from '../operations/operation-params.ts';
import { hashOfToken, newSessionToken, sessionCookie, sessionTokenIn } from '../sessions/session-token.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { clientOf } from './client-of.ts';
import { publicAccountOf } from './public-account.ts';

const operations = bootstrapContract.operations;

@Controller()
export class BootstrapController {
  constructor(
    private readonly bus: Bus,
    private readonly sessions: SessionsService,
  ) {}

  @Operation(bootstrapAdmin)
  async bootstrap(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @OperationBody() { token, ...registration }: BodyOf<typeof bootstrapAdmin>,
  ): Promise<ResponseOf<typeof bootstrapAdmin>> {
    const common = { bootstrapTokenHash: hashOfToken(token), requestId: request.id };
    const current = sessionTokenIn(request.headers.cookie);
    if (current !== undefined) {
      const { account } = await this.sessions.getCurrent(hashOfToken(current));
      const input = { ...common, accountId: account.id, clientAddress: request.ip };
      const promoted = await this.bus.call(operations.promoteToAdmin, input);
      this.sessions.drop({ accountId: account.id });
      return publicAccountOf(promoted);
    }
    const sessionToken = newSessionToken();
    const { account, session } = await this.bus.call(operations.registerAdmin, {
      ...{ ...common, ...clientOf(request), tokenHash: hashOfToken(sessionToken) },
      email: required(registration, 'email'),
      password: required(registration, 'password'),
      name: required(registration, 'name'),
    });
    reply.header('set-cookie', sessionCookie(sessionToken, session.expiresAt));
    return publicAccountOf(account);
  }
}

/** Without a session, the account is a new one. @throws {AppError} `request.invalid`. */
function required<Name extends string>(fields: { readonly [N in Name]?: string | undefined }, name: Name): string {
  const value = fields[name];
  if (value === undefined)
    throw new AppError(
      'request.invalid',
      { reason: `Missing '${name}': it is required without a session.` },
      { param: name },
    );
  return value;
}
