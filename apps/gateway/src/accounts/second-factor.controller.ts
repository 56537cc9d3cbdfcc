/** The second factor of an account: `/api/v1/account/totp`. */
import { Controller, Req } from '@nestjs/common';
import { secondFactorContract } from '@xerotier/contracts/auth';
import type { ActiveSession } from '@xerotier/contracts/auth';
import { Bus } from '@xerotier/nats';
import type { BodyOf, ResponseOf } from '@xerotier/public-api/operation';
import { beginTotp, confirmTotp, disableTotp, replaceRecoveryCodes } from '@xerotier/public-api/second-factor';
import type { FastifyRequest } from 'fastify';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, RequestSession } from '../operations/operation-params.ts';
import { SessionsService } from '../sessions/sessions.service.ts';

const operations = secondFactorContract.operations;

@Controller()
export class SecondFactorController {
  constructor(
    private readonly bus: Bus,
    private readonly sessions: SessionsService,
  ) {}

  @Operation(beginTotp)
  async begin(
    @Req() { ip: clientAddress }: FastifyRequest,
    @RequestSession() { account: { id: accountId } }: ActiveSession,
    @OperationBody() { current_password: currentPassword }: BodyOf<typeof beginTotp>,
  ): Promise<ResponseOf<typeof beginTotp>> {
    const input = { accountId, clientAddress, ...(currentPassword !== undefined && { currentPassword }) };
    const { secret, uri } = await this.bus.call(operations.beginTotp, input);
    return { object: 'totp', secret, uri };
  }

  @Operation(confirmTotp)
  async confirm(
    @Req() { ip: clientAddress }: FastifyRequest,
    @RequestSession() { account: { id: accountId }, session: { id: sessionId } }: ActiveSession,
    @OperationBody() { code }: BodyOf<typeof confirmTotp>,
  ): Promise<ResponseOf<typeof confirmTotp>> {
    const input = { accountId, sessionId, clientAddress, code };
    const { recoveryCodes } = await this.bus.call(operations.confirmTotp, input);
    this.sessions.drop({ accountId });
    return { object: 'recovery_codes', recovery_codes: recoveryCodes };
  }

  @Operation(replaceRecoveryCodes)
  async replaceRecoveryCodes(
    @Req() { ip: clientAddress }: FastifyRequest,
    @RequestSession() { account: { id: accountId } }: ActiveSession,
    @OperationBody() { code }: BodyOf<typeof replaceRecoveryCodes>,
  ): Promise<ResponseOf<typeof replaceRecoveryCodes>> {
    const { recoveryCodes } = await this.bus.call(operations.replaceRecoveryCodes, { accountId, clientAddress, code });
    this.sessions.drop({ accountId });
    return { object: 'recovery_codes', recovery_codes: recoveryCodes };
  }

  @Operation(disableTotp)
  async disable(
    @Req() { ip: clientAddress }: FastifyRequest,
    @RequestSession() { account: { id: accountId } }: ActiveSession,
    @OperationBody() { code, current_password: currentPassword }: BodyOf<typeof disableTotp>,
  ): Promise<ResponseOf<typeof disableTotp>> {
    const input = { accountId, clientAddress, code, ...(currentPassword !== undefined && { currentPassword }) };
    await this.bus.call(operations.disableTotp, input);
    this.sessions.drop({ accountId });
    return { object: 'totp.deleted', deleted: true };
  }
}
