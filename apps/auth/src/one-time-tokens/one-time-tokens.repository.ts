import { withDbErrors } from '@xerotier/db';
import { createHash, randomBytes } from 'node:crypto';
import { IsNull, MoreThan } from 'typeorm';
import type { EntityManager } from 'typeorm';
import { OneTimeToken } from './one-time-token.entity.ts';
import type { OneTimeTokenKind } from './one-time-token.entity.ts';

const TOKEN_BYTES = 32;

/** Created per transaction: see SeedRepository. */
export class OneTimeTokensRepository {
  constructor(private readonly manager: EntityManager) {}

  /**
   * Creates a token; earlier ones of the same kind and subject are no longer valid.
   * @returns the token, whose hash alone is stored. It must only leave the process in a mail to its subject.
   */
  async issue(kind: OneTimeTokenKind, subject: string, expiresAt: Date): Promise<string> {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const hash = createHash('sha256').update(token).digest();
    await withDbErrors(async () => {
      await this.manager.delete(OneTimeToken, { kind, subject });
      await this.manager.insert(OneTimeToken, { hash, kind, subject, expiresAt });
    });
    return token;
  }

  /**
   * Records the use of a token that was not stored before, because the browser kept it sealed. @param hash of the token.
   * @returns false if it was used before. Of concurrent uses one is the first.
   */
  async recordUse(kind: OneTimeTokenKind, hash: Buffer, expiresAt: Date): Promise<boolean> {
    const rows = await withDbErrors(() =>
      this.manager.query<unknown[]>(
        `INSERT INTO auth.one_time_token (hash, kind, subject, expires_at, used_at) VALUES ($1, $2, '', $3, now())
         ON CONFLICT DO NOTHING RETURNING hash`,
        [hash, kind, expiresAt],
      ),
    );
    return rows.length > 0;
  }

  /** The subject of a valid token, null for any other. @param hash in hex. */
  async find(kind: OneTimeTokenKind, hash: string): Promise<string | null> {
    const where = { hash: Buffer.from(hash, 'hex'), kind, usedAt: IsNull(), expiresAt: MoreThan(new Date()) };
    const token = await withDbErrors(() => this.manager.findOneBy(OneTimeToken, where));
    return token?.subject ?? null;
  }

  /** As `find`, and makes it invalid with the commit: of concurrent transactions one gets the subject. */
  async use(kind: OneTimeTokenKind, hash: string): Promise<string | null> {
    // TypeORM returns the rows and the count of an UPDATE.
    const [rows] = await withDbErrors(() =>
      this.manager.query<[{ subject: string }[], number]>(
        `UPDATE auth.one_time_token SET used_at = now()
         WHERE hash = $1 AND kind = $2 AND used_at IS NULL AND expires_at > now() RETURNING subject`,
        [Buffer.from(hash, 'hex'), kind],
      ),
    );
    return rows[0]?.subject ?? null;
  }
}
