/** What an account proves by its mail: `/api/v1/account/email-verification` and `/api/v1/password-resets`. */
import { Controller, Req } from '@nestjs/common';
import { accountEmailsContract } from '@xerotier/contracts/auth';
import type { ActiveSession } from '@xerotier/contracts/auth';
import { Bus } from '@xerotier/nats';
import {
  completePasswordReset,
  requestEmailVerification,
  requestPasswordReset,
  verifyEmail,
} from '@xerotier/public-api/accounts';
import type { BodyOf, ResponseOf } from '@xerotier/public-api/operation';
import type { FastifyRequest } from 'fastify';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, RequestSession } from '../operations/operation-params.ts';
import { hashOfToken } from '../sessions/session-token.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { publicAccountOf } from './public-account.ts';

const operations = accountEmailsContract.operations;

@Controller()
export class AccountEmailsController {
  constructor(
    private readonly bus: Bus,
    private readonly sessions: SessionsService,
  ) {}

  @Operation(requestEmailVerification)
  async requestVerification(
    @Req() { ip: clientAddress }: FastifyRequest,
    @RequestSession() { account }: ActiveSession,
  ): Promise<ResponseOf<typeof requestEmailVerification>> {
    await this.bus.call(operations.requestEmailVerification, { accountId: account.id, clientAddress });
    return { object: 'email_verification', email: account.email };
  }

  @Operation(verifyEmail)
  async verify(
    @Req() { ip: clientAddress, id: requestId }: FastifyRequest,
    @RequestSession() { account: { id: accountId } }: ActiveSession,
    @OperationBody() { token }: BodyOf<typeof verifyEmail>,
  ): Promise<ResponseOf<typeof verifyEmail>> {
    const input = { accountId, tokenHash: hashOfToken(token), clientAddress, requestId };
    const account = await this.bus.call(operations.verifyEmail, input);
    this.sessions.drop({ accountId });
    return publicAccountOf(account);
  }

  @Operation(requestPasswordReset)
  async requestReset(
    @Req() { ip: clientAddress }: FastifyRequest,
    @OperationBody() { email }: BodyOf<typeof requestPasswordReset>,
  ): Promise<ResponseOf<typeof requestPasswordReset>> {
    await this.bus.call(operations.requestPasswordReset, { email, clientAddress });
    return { object: 'password_reset', email };
  }

  @Operation(completePasswordReset)
  async completeReset(
    @Req() { ip: clientAddress, id: requestId }: FastifyRequest,
    @OperationBody() { token, new_password: newPassword }: BodyOf<typeof completePasswordReset>,
  ): Promise<ResponseOf<typeof completePasswordReset>> {
    const input = { tokenHash: hashOfToken(token), newPassword, clientAddress, requestId };
    await this.bus.call(operations.resetPassword, input);
    return { object: 'password_reset.completed' };
  }
}
