import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { generateApiKey, hashApiKey } from '@xerotier/api-keys';
import { API_KEYS_PER_PROJECT_MAX } from '@xerotier/contracts/auth';
import type { ApiKeyRecord, apiKeysContract, ChangeContext } from '@xerotier/contracts/auth';
import { AppError, ensure } from '@xerotier/errors';
import { withEveryTenant, withTenant } from '@xerotier/db';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import type { Change } from '../changes/changes.service.ts';
import { ChangesService } from '../changes/changes.service.ts';
import { EndpointsRepository } from '../endpoints/endpoints.repository.ts';
import { ProjectsRepository } from '../projects/projects.repository.ts';
import type { ApiKey } from './api-key.entity.ts';
import { apiKeyRecordOf, auditedKeyOf } from './api-key-record.ts';
import { ApiKeysRepository } from './api-keys.repository.ts';
import { generateKeyId } from './key-id.ts';
import { KeyHasher } from './key-hasher.ts';

type Operations = typeof apiKeysContract.operations;
export type ApiKeysInput<Name extends keyof Operations> = z.output<Operations[Name]['input']>;
export type ApiKeysOutput<Name extends keyof Operations> = z.input<Operations[Name]['output']>;

/** The API keys of projects. */
@Injectable()
export class ApiKeysService {
  constructor(
    @InjectDataSource() private readonly database: DataSource,
    private readonly changes: ChangesService,
    private readonly hasher: KeyHasher,
  ) {}

  /** @throws {AppError} `list.unknown_cursor`, `db.unavailable`. */
  list({ projectId, ...page }: ApiKeysInput<'listApiKeys'>): Promise<ApiKeysOutput<'listApiKeys'>> {
    return withTenant(this.database, projectId, async (manager) => {
      const { rows, hasMore } = await new ApiKeysRepository(manager).list(projectId, page);
      return { data: rows.map(apiKeyRecordOf), hasMore };
    });
  }

  /** @throws {AppError} `api_key.not_found`, `db.unavailable`. */
  get({ projectId, keyId }: ApiKeysInput<'getApiKey'>): Promise<ApiKeyRecord> {
    return withTenant(this.database, projectId, async (manager) =>
      apiKeyRecordOf(
        ensure(await new ApiKeysRepository(manager).find(projectId, keyId), 'api_key.not_found', { key: keyId }),
      ),
    );
  }

  /** The project of a key, for operators, who know only its id; null for an unknown key. @throws {AppError} `db.unavailable`. */
  projectOf(keyId: string): Promise<string | null> {
    return withEveryTenant(this.database, (manager) => new ApiKeysRepository(manager).findProjectOf(keyId));
  }

  /**
   * Creates a key. Its value is in the result only.
   * @throws {AppError} `project.not_found`, `endpoint.not_found` for the endpoint of another project, `api_key.too_many`; as `ChangesService.run`.
   */
  create({ context, ...input }: ApiKeysInput<'createApiKey'>): Promise<ApiKeysOutput<'createApiKey'>> {
    const { projectId } = context;
    const { name, scopes, endpointId, expiresAt, ipFilter, quota } = input;
    return this.changes.run(context, 'createApiKey', input, async (manager) => {
      const keys = new ApiKeysRepository(manager);
      const slug = await new ProjectsRepository(manager).lockedSlugOf(projectId);
      if ((await keys.countActive(projectId)) >= API_KEYS_PER_PROJECT_MAX)
        throw new AppError('api_key.too_many', { max: API_KEYS_PER_PROJECT_MAX });
      if (endpointId !== null) await new EndpointsRepository(manager).assertExists(projectId, endpointId);
      const { value, ...hashed } = this.newValue(slug);
      const key = await keys.insert({
        ...{ id: generateKeyId(), projectId, name, scopes, endpointId, ...hashed },
        ...{ ipAllow: ipFilter.allow, ipBlock: ipFilter.block },
        ...{ quotaRequests: quota?.requests ?? null, quotaWindowSeconds: quota?.windowSeconds ?? null },
        expiresAt: expiresAt === null ? null : new Date(expiresAt),
      });
      return changeOf('key.created', undefined, key, { key: apiKeyRecordOf(key), value });
    });
  }

  /**
   * Replaces the value of a key; the current one remains valid for the grace period, the one before it no longer.
   * @throws {AppError} `api_key.not_found`, `api_key.inactive`; as `ChangesService.run`.
   */
  rotate({ context, ...input }: ApiKeysInput<'rotateApiKey'>): Promise<ApiKeysOutput<'rotateApiKey'>> {
    return this.changes.run(context, 'rotateApiKey', input, async (manager) => {
      const slug = await new ProjectsRepository(manager).lockedSlugOf(context.projectId);
      const { value, ...hashed } = this.newValue(slug);
      const { before, after } = await updateKey(manager, context, input.keyId, (key) => {
        const isKept = input.graceSeconds > 0;
        return {
          ...hashed,
          previousKeyHash: isKept ? key.keyHash : null,
          previousValidUntil: isKept ? new Date(Date.now() + input.graceSeconds * 1_000) : null,
        };
      });
      return changeOf('key.rotated', before, after, { key: apiKeyRecordOf(after), value });
    });
  }

  /**
   * Revokes a key and its previous value, permanently. Revoking it again changes nothing.
   * @throws {AppError} `api_key.not_found`; as `ChangesService.run`.
   */
  revoke({ context, ...input }: ApiKeysInput<'revokeApiKey'>): Promise<ApiKeyRecord> {
    return this.changes.run(context, 'revokeApiKey', input, async (manager) => {
      const keys = new ApiKeysRepository(manager);
      const before = await lockKey(keys, context.projectId, input.keyId);
      if (before.revokedAt !== null) return { result: apiKeyRecordOf(before) };
      const after = await keys.change(before, { revokedAt: new Date() });
      return { ...changeOf('key.revoked', before, after, apiKeyRecordOf(after)), isAllowedInArchive: true as const };
    });
  }

  /** @throws {AppError} `api_key.not_found`, `api_key.inactive`; as `ChangesService.run`. */
  setIpFilter({ context, ...input }: ApiKeysInput<'setApiKeyIpFilter'>): Promise<ApiKeyRecord> {
    const { allow, block } = input.ipFilter;
    return this.update(context, 'setApiKeyIpFilter', input, { ipAllow: allow, ipBlock: block });
  }

  /** @throws {AppError} `api_key.not_found`, `api_key.inactive`; as `ChangesService.run`. */
  setQuota({ context, ...input }: ApiKeysInput<'setApiKeyQuota'>): Promise<ApiKeyRecord> {
    const { quota } = input;
    return this.update(context, 'setApiKeyQuota', input, {
      quotaRequests: quota?.requests ?? null,
      quotaWindowSeconds: quota?.windowSeconds ?? null,
    });
  }

  /** @throws {AppError} `api_key.not_found`, `api_key.inactive`; as `ChangesService.run`. */
  setSpendCap({ context, ...input }: ApiKeysInput<'setApiKeySpendCap'>): Promise<ApiKeyRecord> {
    const { spendCapMicros } = input;
    return this.update(context, 'setApiKeySpendCap', input, {
      spendCapMicros: spendCapMicros === null ? null : String(spendCapMicros),
    });
  }

  private update(
    context: ChangeContext,
    operation: string,
    input: { readonly keyId: string },
    values: Partial<ApiKey>,
  ): Promise<ApiKeyRecord> {
    return this.changes.run(context, operation, input, async (manager) => {
      const { before, after } = await updateKey(manager, context, input.keyId, () => values);
      return changeOf('key.updated', before, after, apiKeyRecordOf(after));
    });
  }

  private newValue(projectSlug: string): { value: string; keyHash: Buffer; last4: string } {
    const value = generateApiKey(projectSlug);
    return { value, keyHash: this.hasher.hash(hashApiKey(value)), last4: value.slice(-4) };
  }
}

async function lockKey(keys: ApiKeysRepository, projectId: string, keyId: string): Promise<ApiKey> {
  return ensure(await keys.lock(projectId, keyId), 'api_key.not_found', { key: keyId });
}

async function updateKey(
  manager: EntityManager,
  { projectId }: ChangeContext,
  keyId: string,
  valuesOf: (key: ApiKey) => Partial<ApiKey>,
): Promise<{ before: ApiKey; after: ApiKey }> {
  const keys = new ApiKeysRepository(manager);
  const before = await lockKey(keys, projectId, keyId);
  const isExpired = before.expiresAt !== null && before.expiresAt.getTime() <= Date.now();
  if (before.revokedAt !== null || isExpired) throw new AppError('api_key.inactive', { key: keyId });
  return { before, after: await keys.change(before, valuesOf(before)) };
}

function changeOf<T>(
  type: 'key.created' | 'key.updated' | 'key.rotated' | 'key.revoked',
  before: ApiKey | undefined,
  after: ApiKey,
  result: T,
): Change<T> {
  const { id, name, scopes, last4 } = after;
  return {
    result,
    audited: {
      action: `api_${type}`,
      target: { type: 'api_key', id },
      before: before === undefined ? null : auditedKeyOf(before),
      after: auditedKeyOf(after),
    },
    events: [{ type, data: { id, name, scopes, last4 } }],
    access: { keyId: id },
  };
}
