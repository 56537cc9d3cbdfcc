import { Injectable } from '@nestjs/common';
import type { ChangeContext } from '@xerotier/contracts/auth';
import { withDbErrors } from '@xerotier/db';
import { ensure } from '@xerotier/errors';
import { createHash, randomBytes } from 'node:crypto';
import { MoreThan } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { AccountsRepository } from '../accounts/accounts.repository.ts';
import { ChangesService } from '../changes/changes.service.ts';
import { BootstrapToken } from './bootstrap-token.entity.ts';

const TOKEN_BYTES = 32;
const VALID_MS = 3_600_000;

export interface IssueOptions {
  /** Also if there is an admin already. */
  readonly force?: boolean;
  /** A project that the admin becomes an owner of. */
  readonly ownedProject?: string;
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: Date;
}

/** One-time tokens that make somebody an admin: who can run commands of the service can have one. */
@Injectable()
export class BootstrapTokensService {
  constructor(private readonly changes: ChangesService) {}

  /**
   * Creates a token, which is valid for an hour; an earlier one is no longer valid.
   * @param context of the system.
   * @returns null if there is an admin already.
   * @throws {AppError} as `ChangesService.run`.
   */
  issue(context: ChangeContext, { force = false, ownedProject }: IssueOptions = {}): Promise<IssuedToken | null> {
    const options = { force, ownedProject };
    return this.changes.run<IssuedToken | null>(context, 'issueBootstrapToken', options, async (manager) => {
      const accounts = new AccountsRepository(manager);
      await accounts.lockSystemRoles();
      if (!force && (await accounts.hasAdmin())) return { result: null };
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      const expiresAt = new Date(Date.now() + VALID_MS);
      await withDbErrors(async () => {
        await manager.createQueryBuilder().delete().from(BootstrapToken).execute();
        await manager.insert(BootstrapToken, {
          ...{ hash: createHash('sha256').update(token).digest(), isForFirst: !force, expiresAt },
          ownedProject: ownedProject ?? null,
        });
      });
      return {
        result: { token, expiresAt },
        audited: {
          action: 'bootstrap_token.issued',
          target: { type: 'bootstrap_token', id: 'admin' },
          before: null,
          after: { force, ownedProject: ownedProject ?? null },
        },
      };
    });
  }
}

/**
 * Uses a token: it is deleted with the commit, so that one of concurrent transactions gets it. System roles must be locked.
 * @param hash in hex. @throws {AppError} `account.invalid_token`.
 */
export async function useBootstrapToken(manager: EntityManager, hash: string): Promise<BootstrapToken> {
  const token = ensure(await findBootstrapToken(manager, hash), 'account.invalid_token');
  const isUsable = !token.isForFirst || !(await new AccountsRepository(manager).hasAdmin());
  const { affected } = await withDbErrors(() => manager.delete(BootstrapToken, { hash: token.hash }));
  return ensure(isUsable && affected === 1 ? token : null, 'account.invalid_token');
}

/** Returns a token that has not expired. @param hash in hex. */
export function findBootstrapToken(manager: EntityManager, hash: string): Promise<BootstrapToken | null> {
  const where = { hash: Buffer.from(hash, 'hex'), expiresAt: MoreThan(new Date()) };
  return withDbErrors(() => manager.findOneBy(BootstrapToken, where));
}
