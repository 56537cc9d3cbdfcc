/** Accounts, for operators of the platform: `/api/v1/admin/accounts`. */
import { Controller, Param } from '@nestjs/common';
import { accountId, administrationContract } from '@xerotier/contracts/auth';
import type { AdministeredAccount, SystemChangeContext } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import {
  adminDisableAccount,
  adminEnableAccount,
  adminGetAccount,
  adminListAccounts,
  adminResetSecondFactor,
  adminSetSystemRole,
} from '@xerotier/public-api/administration';
import type { BodyOf, QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import { printable } from '../access/check-access.ts';
import { publicAccountOf } from '../accounts/public-account.ts';
import { SystemChange } from '../management/change-context.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, OperationQuery } from '../operations/operation-params.ts';
import { SessionsService } from '../sessions/sessions.service.ts';

const operations = administrationContract.operations;
type PublicAccount = ResponseOf<typeof adminGetAccount>;

@Controller()
export class AccountsAdministrationController {
  constructor(
    private readonly bus: Bus,
    private readonly sessions: SessionsService,
  ) {}

  @Operation(adminListAccounts)
  async list(
    @OperationQuery() { after, email, ...page }: QueryOf<typeof adminListAccounts>,
  ): Promise<ResponseOf<typeof adminListAccounts>> {
    if (after !== undefined && !accountId.safeParse(after).success)
      throw new AppError('list.unknown_cursor', { after: printable(after) }, { param: 'after' });
    const { data, hasMore } = await this.bus.call(operations.listAccounts, {
      ...page,
      ...(after !== undefined && { after }),
      ...(email !== undefined && { email }),
    });
    return pageOf(data.map(publicAdministeredAccountOf), hasMore);
  }

  @Operation(adminGetAccount)
  async retrieve(@Param('account') id: string): Promise<PublicAccount> {
    const input = { accountId: assertAccountId(id) };
    return publicAdministeredAccountOf(await this.bus.call(operations.getAccount, input));
  }

  @Operation(adminDisableAccount)
  async disable(@SystemChange() context: SystemChangeContext, @Param('account') id: string): Promise<PublicAccount> {
    const input = { context, accountId: assertAccountId(id) };
    return this.#changed(await this.bus.call(operations.disableAccount, input));
  }

  @Operation(adminEnableAccount)
  async enable(@SystemChange() context: SystemChangeContext, @Param('account') id: string): Promise<PublicAccount> {
    const input = { context, accountId: assertAccountId(id) };
    return this.#changed(await this.bus.call(operations.enableAccount, input));
  }

  @Operation(adminResetSecondFactor)
  async resetSecondFactor(
    @SystemChange() context: SystemChangeContext,
    @Param('account') id: string,
  ): Promise<PublicAccount> {
    const input = { context, accountId: assertAccountId(id) };
    return this.#changed(await this.bus.call(operations.resetSecondFactor, input));
  }

  @Operation(adminSetSystemRole)
  async setSystemRole(
    @SystemChange() context: SystemChangeContext,
    @Param('account') id: string,
    @OperationBody() { system_role: systemRole }: BodyOf<typeof adminSetSystemRole>,
  ): Promise<PublicAccount> {
    const input = { context, accountId: assertAccountId(id), systemRole };
    return this.#changed(await this.bus.call(operations.setSystemRole, input));
  }

  /** This gateway drops the sessions of the account before the response; the others when they receive the event. */
  #changed(account: AdministeredAccount): PublicAccount {
    this.sessions.drop({ accountId: account.id });
    return publicAdministeredAccountOf(account);
  }
}

/** What cannot be an id is not looked up. @throws {AppError} `account.not_found`. */
function assertAccountId(id: string): string {
  if (!accountId.safeParse(id).success) throw new AppError('account.not_found', { account: printable(id) });
  return id;
}

function publicAdministeredAccountOf({ disabledAt, projects, ...account }: AdministeredAccount): PublicAccount {
  return {
    ...publicAccountOf(account),
    disabled_at: disabledAt === null ? null : Math.floor(disabledAt / 1_000),
    projects,
  };
}
