import type { Scope } from '@xerotier/contracts/auth';
import { withDbErrors } from '@xerotier/db';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { ApiKey } from './api-key.entity.ts';

/** TypeORM returns the rows and the count of an UPDATE. */
type Updated<Row> = [rows: Row[], count: number];

@Injectable()
export class ApiKeysRepository {
  constructor(@InjectRepository(ApiKey) private readonly keys: Repository<ApiKey>) {}

  /** Finds the key that has this hash or had it before a rotation. */
  findByHash(keyHash: Buffer): Promise<ApiKey | null> {
    return withDbErrors(() =>
      this.keys
        .createQueryBuilder('api_key')
        .where('api_key.key_hash = :keyHash', { keyHash })
        .orWhere('api_key.id = (SELECT api_key_id FROM auth.replaced_key WHERE replaced_key.key_hash = :keyHash)')
        .getOne(),
    );
  }

  async insert(key: Pick<ApiKey, 'id' | 'projectId' | 'name' | 'keyHash' | 'last4' | 'scopes'>): Promise<void> {
    await withDbErrors(() => this.keys.insert(key));
  }

  /** Returns whether anything changed. */
  async update(id: string, name: string, scopes: readonly Scope[]): Promise<boolean> {
    const [, count] = await withDbErrors(() =>
      this.keys.query<Updated<never>>(
        `UPDATE auth.api_key SET name = $2, scopes = $3
         WHERE id = $1 AND (name, scopes) IS DISTINCT FROM ($2, $3::text[])`,
        [id, name, scopes],
      ),
    );
    return count > 0;
  }

  /** Revokes a key and its previous value. Returns its project, or null for an unknown key. */
  async revoke(id: string): Promise<string | null> {
    const [rows] = await withDbErrors(() =>
      this.keys.query<Updated<{ projectId: string }>>(
        `UPDATE auth.api_key SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1
         RETURNING project_id AS "projectId"`,
        [id],
      ),
    );
    return rows[0]?.projectId ?? null;
  }

  /** Returns the project slug of a usable key, or null. */
  async findProjectSlug(id: string): Promise<string | null> {
    const rows = await withDbErrors(() =>
      this.keys.query<{ slug: string }[]>(
        `SELECT project.slug FROM auth.api_key JOIN auth.project ON project.id = api_key.project_id
         WHERE api_key.id = $1 AND ${USABLE}`,
        [id],
      ),
    );
    return rows[0]?.slug ?? null;
  }

  /**
   * Gives a usable key another value; the current one remains valid for `graceMs`, the one before it no longer. Returns
   * the project and when the current value expires, or null for an unknown or unusable key.
   */
  async replaceHash(
    id: string,
    next: { keyHash: Buffer; last4: string },
    graceMs: number,
  ): Promise<{ projectId: string; previousValidUntil: Date | null } | null> {
    const [rows] = await withDbErrors(() =>
      this.keys.query<Updated<{ projectId: string; previousValidUntil: Date | null }>>(
        `UPDATE auth.api_key SET
           previous_key_hash = CASE WHEN $4::bigint > 0 THEN key_hash END,
           previous_valid_until = CASE WHEN $4::bigint > 0 THEN now() + $4::bigint * interval '1 millisecond' END,
           key_hash = $2,
           last4 = $3
         WHERE id = $1 AND ${USABLE}
         RETURNING project_id AS "projectId", previous_valid_until AS "previousValidUntil"`,
        [id, next.keyHash, next.last4, graceMs],
      ),
    );
    return rows[0] ?? null;
  }

  /** Records when keys were last used; an older use than the recorded one changes nothing. */
  async recordUses(uses: ReadonlyMap<string, Date>): Promise<void> {
    await withDbErrors(() =>
      this.keys.query(
        `UPDATE auth.api_key SET last_used_at = used.at
         FROM unnest($1::text[], $2::timestamptz[]) AS used (id, at)
         WHERE api_key.id = used.id AND (last_used_at IS NULL OR last_used_at < used.at)`,
        [[...uses.keys()], [...uses.values()]],
      ),
    );
  }
}

const USABLE = 'revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())';
