/** Accounts of people: `/api/v1/accounts`, `/api/v1/account`. */
import { Controller, Req, Res } from '@nestjs/common';
import { accountsContract } from '@xerotier/contracts/auth';
import type { ActiveSession } from '@xerotier/contracts/auth';
import { Bus } from '@xerotier/nats';
import { changePassword, createAccount, getAccount } from '@xerotier/public-api/accounts';
import type { BodyOf, ResponseOf } from '@xerotier/public-api/operation';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, RequestSession } from '../operations/operation-params.ts';
import { hashOfToken, newSessionToken, sessionCookie } from '../sessions/session-token.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { clientOf } from './client-of.ts';
import { publicAccountOf } from './public-account.ts';

const operations = accountsContract.operations;

@Controller()
export class AccountsController {
  constructor(
    private readonly bus: Bus,
    private readonly sessions: SessionsService,
  ) {}

  @Operation(createAccount)
  async create(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @OperationBody() { email, password, name }: BodyOf<typeof createAccount>,
  ): Promise<ResponseOf<typeof createAccount>> {
    const token = newSessionToken();
    const input = { email, password, name, tokenHash: hashOfToken(token), ...clientOf(request) };
    const { account, session } = await this.bus.call(operations.register, input);
    reply.header('set-cookie', sessionCookie(token, session.expiresAt));
    return publicAccountOf(account);
  }

  @Operation(getAccount)
  async retrieve(@RequestSession() { account }: ActiveSession): Promise<ResponseOf<typeof getAccount>> {
    return Promise.resolve(publicAccountOf(account));
  }

  @Operation(changePassword)
  async changePassword(
    @Req() { ip }: FastifyRequest,
    @RequestSession() { account, session }: ActiveSession,
    @OperationBody() body: BodyOf<typeof changePassword>,
  ): Promise<ResponseOf<typeof changePassword>> {
    const { current_password: currentPassword, new_password: newPassword } = body;
    const input = { accountId: account.id, sessionId: session.id, currentPassword, newPassword, clientAddress: ip };
    await this.bus.call(operations.changePassword, input);
    this.sessions.drop({ accountId: account.id });
    return publicAccountOf(account);
  }
}
