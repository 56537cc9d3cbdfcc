import { Injectable } from '@nestjs/common';
import { accountsContract } from '@xerotier/contracts/auth';
import type { ActiveSession } from '@xerotier/contracts/auth';
import { Serves } from '@xerotier/service-host';
import { SessionsService } from './sessions.service.ts';
import type { SessionsInput, SessionsOutput } from './sessions.service.ts';

const operations = accountsContract.operations;

/** Serves the sessions of the accounts contract. */
@Injectable()
export class SessionsHandlers {
  constructor(private readonly sessions: SessionsService) {}

  @Serves(operations.getSession)
  get(input: SessionsInput<'getSession'>): Promise<ActiveSession> {
    return this.sessions.get(input);
  }

  @Serves(operations.listSessions)
  list(input: SessionsInput<'listSessions'>): Promise<SessionsOutput<'listSessions'>> {
    return this.sessions.list(input);
  }

  @Serves(operations.revokeSession)
  async revoke(input: SessionsInput<'revokeSession'>): Promise<Record<string, never>> {
    await this.sessions.revoke(input);
    return {};
  }

  @Serves(operations.revokeOtherSessions)
  async revokeOthers(input: SessionsInput<'revokeOtherSessions'>): Promise<{ revoked: number }> {
    return { revoked: await this.sessions.revokeOthers(input) };
  }

  @Serves(operations.signOut)
  async signOut(input: SessionsInput<'signOut'>): Promise<Record<string, never>> {
    await this.sessions.signOut(input);
    return {};
  }
}
