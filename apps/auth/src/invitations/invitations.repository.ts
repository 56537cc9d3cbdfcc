import { listPage, withDbErrors } from '@xerotier/db';
import type { PageRequest } from '@xerotier/db';
import { randomBytes } from 'node:crypto';
import { IsNull, MoreThan } from 'typeorm';
import type { EntityManager, FindOptionsWhere } from 'typeorm';
import { Invitation } from './invitation.entity.ts';

export type NewInvitation = Pick<Invitation, 'projectId' | 'email' | 'role' | 'expiresAt'> &
  Partial<Pick<Invitation, 'accountId' | 'acceptedAt'>>;

export interface InvitationsPage extends PageRequest {
  /** Whether others than pending ones are part of the list. */
  readonly includeInactive: boolean;
}

const KEYSET = [
  { name: 'created_at', type: 'timestamptz' },
  { name: 'id', type: 'text' },
] as const;

const PENDING = 'accepted_at IS NULL AND revoked_at IS NULL AND expires_at > now()';

/** Created per transaction: see SeedRepository. */
export class InvitationsRepository {
  constructor(private readonly manager: EntityManager) {}

  /** @throws {AppError} `list.unknown_cursor`, `db.unavailable`. */
  list(
    projectId: string,
    { includeInactive, ...page }: InvitationsPage,
  ): Promise<{ rows: Invitation[]; hasMore: boolean }> {
    const filter = includeInactive ? undefined : PENDING;
    return listPage(this.manager.getRepository(Invitation), { columns: KEYSET, projectId, filter }, page);
  }

  /** Nobody else can change the invitation until the transaction ends. */
  lock(projectId: string, id: string): Promise<Invitation | null> {
    const lock = { mode: 'for_no_key_update' } as const;
    return withDbErrors(() => this.manager.findOne(Invitation, { where: { projectId, id }, lock }));
  }

  /** It reads several projects, for who has the token of the invitation: see `withEveryTenant`. */
  findById(id: string): Promise<Invitation | null> {
    return withDbErrors(() => this.manager.findOneBy(Invitation, { id }));
  }

  /** As `findById`, for who has proven that the address is its own. Oldest first. */
  listPendingOf(email: string, max: number): Promise<Invitation[]> {
    const options = { where: pending({ email }), order: { createdAt: 'ASC' }, take: max } as const;
    return withDbErrors(() => this.manager.find(Invitation, options));
  }

  findPending(projectId: string, email: string): Promise<Invitation | null> {
    return withDbErrors(() => this.manager.findOneBy(Invitation, pending({ projectId, email })));
  }

  countPending(projectId: string): Promise<number> {
    return withDbErrors(() => this.manager.countBy(Invitation, pending({ projectId })));
  }

  /** Returns the new row. */
  async insert(invitation: NewInvitation): Promise<Invitation> {
    const id = `inv_${randomBytes(12).toString('hex')}`;
    const row = this.manager.create(Invitation, {
      ...{ id, accountId: null, acceptedAt: null, revokedAt: null },
      ...invitation,
    });
    await withDbErrors(() => this.manager.insert(Invitation, row));
    return row;
  }

  /** Returns the row afterwards. */
  async update(
    invitation: Invitation,
    values: Partial<Pick<Invitation, 'accountId' | 'acceptedAt' | 'revokedAt'>>,
  ): Promise<Invitation> {
    const { projectId, id } = invitation;
    await withDbErrors(() => this.manager.update(Invitation, { projectId, id }, values));
    return this.manager.create(Invitation, { ...invitation, ...values });
  }
}

function pending(where: FindOptionsWhere<Invitation>): FindOptionsWhere<Invitation> {
  return { ...where, acceptedAt: IsNull(), revokedAt: IsNull(), expiresAt: MoreThan(new Date()) };
}
