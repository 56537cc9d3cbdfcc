import { Injectable } from '@nestjs/common';
import type { ChangeContext } from '@xerotier/contracts/auth';
import { AppError } from '@xerotier/errors';
import { withDbErrors } from '@xerotier/db';
import type { EncryptionContext } from '@xerotier/sealing';
import canonicalize from 'canonicalize';
import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { SecretBox } from '../secrets/secret-box.ts';
import { IdempotencyKey } from './idempotency-key.entity.ts';

/** How long results are kept, as an interval of PostgreSQL. */
export const IDEMPOTENCY_KEY_RETENTION = '24 hours';

/** What a stored result is sealed with. */
export function idempotencyContext(projectId = '', key = ''): EncryptionContext {
  return ['idempotency', projectId, key];
}

/** What was claimed: the first request does the work, a repeated one gets its result. */
export type Claim = { readonly isFirst: true } | { readonly isFirst: false; readonly result: unknown };

/** The idempotency keys of changes. */
@Injectable()
export class IdempotencyKeys {
  constructor(private readonly secrets: SecretBox) {}

  /**
   * Claims the key for this request until the transaction ends. A concurrent request with the same key waits for that: it gets the
   * result after a commit, and is the first after a rollback.
   * @throws {AppError} `idempotency.key_reused` if the key belongs to another request.
   */
  async claim(manager: EntityManager, { projectId, key, requestHash }: ClaimedKey): Promise<Claim> {
    return withDbErrors(async () => {
      const inserted = await manager.query<unknown[]>(
        `INSERT INTO auth.idempotency_key (project_id, key, request_hash) VALUES ($1, $2, $3)
         ON CONFLICT (project_id, key) DO UPDATE
           SET request_hash = excluded.request_hash, result = NULL, created_at = now()
           WHERE idempotency_key.created_at < now() - interval '${IDEMPOTENCY_KEY_RETENTION}'
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

  /** Stores the result of the first request. */
  async complete(manager: EntityManager, { projectId, key }: ClaimedKey, result: unknown): Promise<void> {
    const sealed = this.secrets.sealJson(result, idempotencyContext(projectId, key));
    await withDbErrors(() => manager.update(IdempotencyKey, { projectId, key }, { result: sealed }));
  }
}

export interface ClaimedKey {
  readonly projectId: string;
  readonly key: string;
  readonly requestHash: Buffer;
}

/** Undefined for a request without a key. */
export function claimedKeyOf(context: ChangeContext, operation: string, input: unknown): ClaimedKey | undefined {
  const { projectId, idempotencyKey: key } = context;
  if (key === undefined) return undefined;
  const request = canonicalize([operation, context.actor, input]);
  return {
    projectId,
    key,
    requestHash: createHash('sha256')
      .update(request ?? '')
      .digest(),
  };
}
