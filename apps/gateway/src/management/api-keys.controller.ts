/** API keys of a project: `/v1/management/api-keys`. */
import { Controller, Param } from '@nestjs/common';
import { apiKeyId, apiKeysContract } from '@xerotier/contracts/auth';
import type { ApiKeyRecord, ChangeContext, IpFilter } from '@xerotier/contracts/auth';
import { AppError, ensure } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import {
  createApiKey,
  getApiKey,
  listApiKeys,
  revokeApiKey,
  rotateApiKey,
  setApiKeyIpFilter,
  setApiKeyQuota,
  setApiKeySpendCap,
} from '@xerotier/public-api/api-keys';
import type { BodyOf, QueryOf, ResponseOf } from '@xerotier/public-api/operation';
import { pageOf } from '@xerotier/public-api/page';
import { printable } from '../access/check-access.ts';
import type { ProjectAccess } from '../access/project-access.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, OperationQuery, RequestProject } from '../operations/operation-params.ts';
import { unixSeconds, unixSecondsOrNull } from '../unix-seconds.ts';
import { Change } from './change-context.ts';

const operations = apiKeysContract.operations;
const NO_FILTER: IpFilter = { allow: [], block: [] };

@Controller()
export class ApiKeysController {
  constructor(private readonly bus: Bus) {}

  @Operation(listApiKeys)
  async list(
    @RequestProject() { project }: ProjectAccess,
    @OperationQuery() { include_inactive: includeInactive, after, ...page }: QueryOf<typeof listApiKeys>,
  ): Promise<ResponseOf<typeof listApiKeys>> {
    if (after !== undefined && !apiKeyId.safeParse(after).success)
      throw new AppError('list.unknown_cursor', { after: printable(after) }, { param: 'after' });
    const cursor = after === undefined ? {} : { after };
    const { data, hasMore } = await this.bus.call(operations.listApiKeys, {
      ...{ projectId: project.id, includeInactive },
      ...page,
      ...cursor,
    });
    return pageOf(data.map(publicApiKeyOf), hasMore);
  }

  @Operation(createApiKey)
  async create(
    @RequestProject() { endpoints }: ProjectAccess,
    @Change() context: ChangeContext,
    @OperationBody() body: BodyOf<typeof createApiKey>,
  ): Promise<ResponseOf<typeof createApiKey>> {
    const { name, scopes, endpoint: slug, expires_at: expiresAt, ip_filter: ipFilter, quota } = body;
    if (typeof expiresAt === 'number' && expiresAt * 1_000 <= Date.now()) {
      const reason = "Invalid 'expires_at': must be in the future.";
      throw new AppError('request.invalid', { reason }, { param: 'expires_at' });
    }
    const endpoint = endpoints.find((candidate) => candidate.slug === slug);
    if (typeof slug === 'string') ensure(endpoint, 'endpoint.not_found', { endpoint: printable(slug) });
    const { key, value } = await this.bus.call(operations.createApiKey, {
      ...{ context, name, scopes, endpointId: endpoint?.id ?? null },
      expiresAt: typeof expiresAt === 'number' ? expiresAt * 1_000 : null,
      ipFilter: ipFilter ?? NO_FILTER,
      quota: quota == null ? null : { requests: quota.requests, windowSeconds: quota.window_seconds },
    });
    return { ...publicApiKeyOf(key), key: value };
  }

  @Operation(getApiKey)
  async retrieve(
    @RequestProject() { project }: ProjectAccess,
    @Param('key') id: string,
  ): Promise<ResponseOf<typeof getApiKey>> {
    const key = await this.bus.call(operations.getApiKey, { projectId: project.id, keyId: assertKeyId(id) });
    return publicApiKeyOf(key);
  }

  @Operation(revokeApiKey)
  async revoke(@Change() context: ChangeContext, @Param('key') id: string): Promise<ResponseOf<typeof revokeApiKey>> {
    return publicApiKeyOf(await this.bus.call(operations.revokeApiKey, { context, keyId: assertKeyId(id) }));
  }

  @Operation(rotateApiKey)
  async rotate(
    @Change() context: ChangeContext,
    @Param('key') id: string,
    @OperationBody() { grace_seconds: graceSeconds }: BodyOf<typeof rotateApiKey>,
  ): Promise<ResponseOf<typeof rotateApiKey>> {
    const input = { context, keyId: assertKeyId(id), graceSeconds };
    const { key, value } = await this.bus.call(operations.rotateApiKey, input);
    return { ...publicApiKeyOf(key), key: value };
  }

  @Operation(setApiKeyIpFilter)
  async setIpFilter(
    @Change() context: ChangeContext,
    @Param('key') id: string,
    @OperationBody() ipFilter: BodyOf<typeof setApiKeyIpFilter>,
  ): Promise<ResponseOf<typeof setApiKeyIpFilter>> {
    const input = { context, keyId: assertKeyId(id), ipFilter };
    return publicApiKeyOf(await this.bus.call(operations.setApiKeyIpFilter, input));
  }

  @Operation(setApiKeyQuota)
  async setQuota(
    @Change() context: ChangeContext,
    @Param('key') id: string,
    @OperationBody() { requests, window_seconds: windowSeconds }: BodyOf<typeof setApiKeyQuota>,
  ): Promise<ResponseOf<typeof setApiKeyQuota>> {
    const quota = requests === null ? null : { requests, windowSeconds };
    return publicApiKeyOf(await this.bus.call(operations.setApiKeyQuota, { context, keyId: assertKeyId(id), quota }));
  }

  @Operation(setApiKeySpendCap)
  async setSpendCap(
    @Change() context: ChangeContext,
    @Param('key') id: string,
    @OperationBody() { spend_cap_micros: spendCapMicros }: BodyOf<typeof setApiKeySpendCap>,
  ): Promise<ResponseOf<typeof setApiKeySpendCap>> {
    const input = { context, keyId: assertKeyId(id), spendCapMicros };
    return publicApiKeyOf(await this.bus.call(operations.setApiKeySpendCap, input));
  }
}

/** @throws {AppError} `api_key.not_found` for a malformed id. */
function assertKeyId(id: string): string {
  if (!apiKeyId.safeParse(id).success) throw new AppError('api_key.not_found', { key: printable(id) });
  return id;
}

function publicApiKeyOf(key: ApiKeyRecord): ResponseOf<typeof getApiKey> {
  const { id, name, scopes, last4, endpointId, ipFilter, quota, createdAt, expiresAt, revokedAt } = key;
  return {
    ...{ id, object: 'api_key', name, scopes, last4 },
    is_active: revokedAt === null && (expiresAt === null || expiresAt > Date.now()),
    endpoint_id: endpointId,
    ip_filter: ipFilter,
    quota: quota === null ? null : { requests: quota.requests, window_seconds: quota.windowSeconds },
    spend_cap_micros: key.spendCapMicros,
    created_at: unixSeconds(createdAt),
    expires_at: unixSecondsOrNull(expiresAt),
    revoked_at: unixSecondsOrNull(revokedAt),
    last_used_at: unixSecondsOrNull(key.lastUsedAt),
    previous_valid_until: unixSecondsOrNull(key.previousValidUntil),
  };
}
