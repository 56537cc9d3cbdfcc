import type { Scope } from '@xerotier/contracts/auth';
import { listPage, withDbErrors } from '@xerotier/db';
import type { PageRequest } from '@xerotier/db';
import type { EntityManager, Repository } from 'typeorm';
import { ApiKey } from './api-key.entity.ts';

/** TypeORM returns the rows and the count of an UPDATE. */
type Updated<Row> = [rows: Row[], count: number];

type Required = 'id' | 'projectId' | 'name' | 'keyHash' | 'last4' | 'scopes';
type Optional = 'endpointId' | 'ipAllow' | 'ipBlock' | 'quotaRequests' | 'quotaWindowSeconds' | 'expiresAt';
export type NewApiKey = Pick<ApiKey, Required> & Partial<Pick<ApiKey, Optional>>;

export interface KeysPage extends PageRequest {
  /** Whether revoked and expired keys are part of the list. */
  readonly includeInactive: boolean;
}

const KEYSET = [
  { name: 'created_at', type: 'timestamptz' },
  { name: 'id', type: 'text' },
] as const;

const USABLE = 'revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())';

/** Created per transaction: see SeedRepository. */
export class ApiKeysRepository {
  readonly #keys: Repository<ApiKey>;

  constructor(manager: EntityManager) {
    this.#keys = manager.getRepository(ApiKey);
  }

  /** Finds the key that has this hash or had it before a rotation. */
  findByHash(keyHash: Buffer): Promise<ApiKey | null> {
    return withDbErrors(() =>
      this.#keys
        .createQueryBuilder('api_key')
        .where('api_key.key_hash = :keyHash', { keyHash })
        .orWhere('api_key.id = (SELECT api_key_id FROM auth.replaced_key WHERE replaced_key.key_hash = :keyHash)')
        .getOne(),
    );
  }

  /**
   * A page of keys, newest or oldest first.
   * @throws {AppError} `list.unknown_cursor`, `db.unavailable`.
   */
  async list(projectId: string, { includeInactive, ...page }: KeysPage): Promise<{ rows: ApiKey[]; hasMore: boolean }> {
    const filter = includeInactive ? undefined : USABLE;
    return listPage(this.#keys, { columns: KEYSET, projectId, filter }, page);
  }

  find(projectId: string, id: string): Promise<ApiKey | null> {
    return withDbErrors(() => this.#keys.findOneBy({ projectId, id }));
  }

  /** As `find`; nobody else can change the key until the transaction ends. */
  lock(projectId: string, id: string): Promise<ApiKey | null> {
    return withDbErrors(() => this.#keys.findOne({ where: { projectId, id }, lock: { mode: 'for_no_key_update' } }));
  }

  countActive(projectId: string): Promise<number> {
    return withDbErrors(() =>
      this.#keys
        .createQueryBuilder('api_key')
        .where('project_id = :projectId', { projectId })
        .andWhere(USABLE)
        .getCount(),
    );
  }

  /** Returns the new row. */
  async insert(key: NewApiKey): Promise<ApiKey> {
    const row = this.#keys.create(key);
    await withDbErrors(() => this.#keys.insert(row));
    return row;
  }

  /** Returns the row afterwards. */
  async change(key: ApiKey, values: Partial<ApiKey>): Promise<ApiKey> {
    const { id, projectId } = key;
    await withDbErrors(() => this.#keys.update({ id, projectId }, values));
    return this.#keys.create({ ...key, ...values });
  }

  /** Returns whether anything changed. */
  async update(id: string, name: string, scopes: readonly Scope[]): Promise<boolean> {
    const [, count] = await withDbErrors(() =>
      this.#keys.query<Updated<never>>(
        `UPDATE auth.api_key SET name = $2, scopes = $3
         WHERE id = $1 AND (name, scopes) IS DISTINCT FROM ($2, $3::text[])`,
        [id, name, scopes],
      ),
    );
    return count > 0;
  }

  /** Returns the project of a key, for operators, who know only its id. */
  async findProjectOf(id: string): Promise<string | null> {
    const key = await withDbErrors(() => this.#keys.findOne({ where: { id }, select: { projectId: true } }));
    return key?.projectId ?? null;
  }

  /** Records when keys were last used; an older use than the recorded one changes nothing. */
  async recordUses(uses: ReadonlyMap<string, Date>): Promise<void> {
    await withDbErrors(() =>
      this.#keys.query(
        `UPDATE auth.api_key SET last_used_at = used.at
         FROM unnest($1::text[], $2::timestamptz[]) AS used (id, at)
         WHERE api_key.id = used.id AND (last_used_at IS NULL OR last_used_at < used.at)`,
        [[...uses.keys()], [...uses.values()]],
      ),
    );
  }
}
