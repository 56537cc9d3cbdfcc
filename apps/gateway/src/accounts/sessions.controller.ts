/** Sessions of an account: `/api/v1/sessions`. */
import { Controller, Param, Req, Res } from '@nestjs/common';
import { accountsContract, sessionId } from '@xerotier/contracts/auth';
import type { ActiveSession } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import {
  createSession,
  deleteCurrentSession,
  deleteOtherSessions,
  deleteSession,
  listSessions,
} from '@xerotier/public-api/accounts';
import type { BodyOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { printable } from '../access/check-access.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, RequestSession } from '../operations/operation-params.ts';
import { hashOfToken, newSessionToken, removedSessionCookie, sessionCookie } from '../sessions/session-token.ts';
import { SessionsService } from '../sessions/sessions.service.ts';
import { clientOf } from './client-of.ts';
import { publicSessionOf } from './public-account.ts';

const operations = accountsContract.operations;

@Controller()
export class SessionsController {
  constructor(
    private readonly bus: Bus,
    private readonly sessions: SessionsService,
  ) {}

  @Operation(createSession)
  async create(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @OperationBody() { email, password, code }: BodyOf<typeof createSession>,
  ): Promise<ResponseOf<typeof createSession>> {
    const token = newSessionToken();
    const input = {
      ...{ email, password, tokenHash: hashOfToken(token), ...clientOf(request) },
      ...(code !== undefined && { code }),
    };
    const { session } = await this.bus.call(operations.signIn, input);
    reply.header('set-cookie', sessionCookie(token, session.expiresAt));
    return publicSessionOf(session, true);
  }

  @Operation(deleteCurrentSession)
  async deleteCurrent(
    @RequestSession() { account, session: { id } }: ActiveSession,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ResponseOf<typeof deleteCurrentSession>> {
    await this.end(account.id, id);
    reply.header('set-cookie', removedSessionCookie);
    return { id, object: 'session.deleted', deleted: true };
  }

  @Operation(listSessions)
  async list(@RequestSession() { account, session }: ActiveSession): Promise<ResponseOf<typeof listSessions>> {
    const { data } = await this.bus.call(operations.listSessions, { accountId: account.id });
    return pageOf(
      data.map((each) => publicSessionOf(each, each.id === session.id)),
      false,
    );
  }

  @Operation(deleteOtherSessions)
  async deleteOthers(
    @RequestSession() { account, session }: ActiveSession,
  ): Promise<ResponseOf<typeof deleteOtherSessions>> {
    const input = { accountId: account.id, sessionId: session.id };
    const { revoked } = await this.bus.call(operations.revokeOtherSessions, input);
    this.sessions.drop({ accountId: account.id });
    return { object: 'sessions.deleted', deleted: revoked };
  }

  @Operation(deleteSession)
  async delete(
    @RequestSession() { account }: ActiveSession,
    @Param('session') id: string,
  ): Promise<ResponseOf<typeof deleteSession>> {
    if (!sessionId.safeParse(id).success) throw new AppError('session.not_found', { session: printable(id) });
    await this.end(account.id, id);
    return { id, object: 'session.deleted', deleted: true };
  }

  private async end(accountId: string, id: string): Promise<void> {
    await this.bus.call(operations.revokeSession, { accountId, sessionId: id });
    this.sessions.drop({ accountId, sessionId: id });
  }
}
