import { Injectable } from '@nestjs/common';
import { withDbErrors } from '@xerotier/db';
import { AppError } from '@xerotier/errors';
import { SecretBox } from '@xerotier/sealing';
import type { EncryptionContext } from '@xerotier/sealing';
import canonicalize from 'canonicalize';
import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { IdempotencyKey } from './idempotency-key.entity.ts';

/** How long results are kept, as an interval of PostgreSQL. */
export const IDEMPOTENCY_KEY_RETENTION = '24 hours';

/** What a stored result is sealed with. */
export function idempotencyContext(projectId = '', key = ''): EncryptionContext {
  return ['idempotency', projectId, key];
}

/** A request that may be repeated. */
export interface KeyedRequest {
  /** Whom the key belongs to: other projects may use the same one. A `ChangeContext` fits. */
  readonly context: {
    readonly projectId: string;
    /** Who makes the request, as JSON: the key of another one is rejected. */
    readonly actor: unknown;
    /** `Idempotency-Key` of the client. Without it, a repeated request does the work again. */
    readonly idempotencyKey?: string | undefined;
  };
  /** Its name, such as `createApiKey`. */
  readonly operation: string;
  /** As JSON. What counts as another request if it differs. */
  readonly input: unknown;
}

/** What was claimed: the first request does the work, a repeated one gets its result. */
type Claim = { readonly isFirst: true } | { readonly isFirst: false; readonly result: unknown };

interface ClaimedKey {
  readonly projectId: string;
  readonly key: string;
  readonly requestHash: Buffer;
}

/**
 * Does work once per idempotency key. Needs the table of `createIdempotencyKeyTable` and the entity `IdempotencyKey` in the database
 * of the service, and a provider of `SecretBox`, which seals the stored results.
 */
@Injectable()
export class IdempotencyKeys {
  constructor(private readonly secrets: SecretBox) {}

  /**
   * Claims the key, does the work and stores its result, all in the transaction of the manager: after a rollback the key is free again.
   * A concurrent request with the same key waits for the end of that transaction.
   * @param work is not called for a repeated request. Its result is JSON, and stored for 24 hours.
   * @returns the result of the work, or that of the first request with this key.
   * @throws {AppError} `idempotency.key_reused` if the key belongs to another request; `db.unavailable`; what the work throws.
   */
  async once<T>(manager: EntityManager, request: KeyedRequest, work: () => Promise<T>): Promise<T> {
    const key = claimedKeyOf(request);
    if (key === undefined) return work();
    const claim = await this.#claim(manager, key);
    if (!claim.isFirst) return claim.result as T;
    const result = await work();
    await this.#complete(manager, key, result);
    return result;
  }

  async #claim(manager: EntityManager, { projectId, key, requestHash }: ClaimedKey): Promise<Claim> {
    return withDbErrors(async () => {
      const inserted = await manager.query<unknown[]>(
        `INSERT INTO ${tableOf(manager)} AS stored (project_id, key, request_hash) VALUES ($1, $2, $3)
         ON CONFLICT (project_id, key) DO UPDATE
           SET request_hash = excluded.request_hash, result = NULL, created_at = now()
           WHERE stored.created_at < now() - interval '${IDEMPOTENCY_KEY_RETENTION}'
         RETURNING key`,
        [projectId, key, requestHash],
      );
      if (inserted.length > 0) return { isFirst: true };
      const stored = await manager.findOneByOrFail(IdempotencyKey, { projectId, key });
      if (!stored.requestHash.equals(requestHash)) throw new AppError('idempotency.key_reused', { key });
      return {
        isFirst: false,
        result: this.secrets.openJson(stored.result as Buffer, idempotencyContext(projectId, key)),
      };
    });
  }

  async #complete(manager: EntityManager, { projectId, key }: ClaimedKey, result: unknown): Promise<void> {
    const sealed = this.secrets.sealJson(result, idempotencyContext(projectId, key));
    await withDbErrors(() => manager.update(IdempotencyKey, { projectId, key }, { result: sealed }));
  }
}

/** The table in the schema of the service. */
export function tableOf(manager: EntityManager): string {
  return manager.connection.getMetadata(IdempotencyKey).tablePath;
}

/** Undefined for a request without a key. */
function claimedKeyOf({ context, operation, input }: KeyedRequest): ClaimedKey | undefined {
  const { projectId, actor, idempotencyKey: key } = context;
  if (key === undefined) return undefined;
  const request = canonicalize([operation, actor, input]);
  return {
    projectId,
    key,
    requestHash: createHash('sha256')
      .update(request ?? '')
      .digest(),
  };
}
