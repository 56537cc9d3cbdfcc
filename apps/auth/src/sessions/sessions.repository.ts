import { SESSIONS_PER_ACCOUNT_MAX } from '@xerotier/contracts/auth';
import { withDbErrors } from '@xerotier/db';
import { randomBytes } from 'node:crypto';
import type { EntityManager, Repository } from 'typeorm';
import { Session } from './session.entity.ts';

/** TypeORM returns the rows and the count of an UPDATE. */
type Updated<Row> = [rows: Row[], count: number];

export type NewSession = Pick<Session, 'accountId' | 'tokenHash' | 'clientAddress' | 'userAgent' | 'expiresAt'>;

const ACTIVE = 'revoked_at IS NULL AND expires_at > now()';

/** Created per transaction: see SeedRepository. */
export class SessionsRepository {
  readonly #sessions: Repository<Session>;

  constructor(manager: EntityManager) {
    this.#sessions = manager.getRepository(Session);
  }

  findActive(tokenHash: Buffer): Promise<Session | null> {
    return withDbErrors(() =>
      this.#sessions
        .createQueryBuilder('session')
        .where('token_hash = :tokenHash', { tokenHash })
        .andWhere(ACTIVE)
        .getOne(),
    );
  }

  /** Newest first. */
  listActive(accountId: string): Promise<Session[]> {
    return withDbErrors(() =>
      this.#sessions
        .createQueryBuilder('session')
        .where('account_id = :accountId', { accountId })
        .andWhere(ACTIVE)
        .orderBy('session.createdAt', 'DESC')
        .addOrderBy('session.id', 'DESC')
        .limit(SESSIONS_PER_ACCOUNT_MAX)
        .getMany(),
    );
  }

  /** Returns the new row. */
  async insert(session: NewSession): Promise<Session> {
    const id = `sess_${randomBytes(12).toString('hex')}`;
    const row = this.#sessions.create({ lastSeenAt: new Date(), revokedAt: null, ...session, id });
    await withDbErrors(() => this.#sessions.insert(row));
    return row;
  }

  /** Returns the id of each session that it has revoked. */
  revoke(accountId: string, sessionId: string): Promise<string[]> {
    return this.#revoke('account_id = $1 AND id = $2', [accountId, sessionId]);
  }

  revokeOthers(accountId: string, sessionId: string): Promise<string[]> {
    return this.#revoke('account_id = $1 AND id <> $2', [accountId, sessionId]);
  }

  revokeAll(accountId: string): Promise<string[]> {
    return this.#revoke('account_id = $1', [accountId]);
  }

  /** Revokes the oldest sessions of an account that exceed the maximum. */
  revokeExcess(accountId: string): Promise<string[]> {
    return this.#revoke(
      `id IN (SELECT id FROM auth.session WHERE account_id = $1 AND ${ACTIVE} ORDER BY created_at DESC, id DESC OFFSET $2)`,
      [accountId, SESSIONS_PER_ACCOUNT_MAX],
    );
  }

  /** Records when sessions were last seen; an earlier time than the recorded one changes nothing. */
  async recordSeen(seen: ReadonlyMap<string, Date>): Promise<void> {
    await withDbErrors(() =>
      this.#sessions.query(
        `UPDATE auth.session SET last_seen_at = seen.at
         FROM unnest($1::text[], $2::timestamptz[]) AS seen (id, at)
         WHERE session.id = seen.id AND last_seen_at < seen.at`,
        [[...seen.keys()], [...seen.values()]],
      ),
    );
  }

  async #revoke(condition: string, parameters: readonly unknown[]): Promise<string[]> {
    const [rows] = await withDbErrors(() =>
      this.#sessions.query<Updated<{ id: string }>>(
        `UPDATE auth.session SET revoked_at = now() WHERE ${condition} AND ${ACTIVE} RETURNING id`,
        [...parameters],
      ),
    );
    return rows.map(({ id }) => id);
  }
}
