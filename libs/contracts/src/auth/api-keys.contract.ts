/** API keys of a project: their whole life. The value of a key exists in the results of `create` and `rotate` only. */
import { z } from 'zod';
import { request, service } from '../define.ts';
import { projectId } from '../ids.ts';
import { CHANGE_ERRORS, changeContext } from './change.ts';
import { ipFilter, keyQuota } from './key-restrictions.ts';
import { scope } from './scopes.ts';
import { spendCapMicros } from './spend-limits.ts';

export const apiKeyId = z.string().regex(/^key_[0-9a-f]{24}$/);

const name = z.string().min(1).max(256);

/** Unix milliseconds. */
const instant = z.number().int().nonnegative();

export const apiKeyRecord = z.object({
  id: apiKeyId,
  name,
  scopes: z.array(scope).min(1),
  last4: z.string().length(4),
  /** The only endpoint that the key may use; null for all of them. */
  endpointId: z.uuid().nullable(),
  ipFilter,
  quota: keyQuota.nullable(),
  spendCapMicros: spendCapMicros.nullable().default(null),
  createdAt: instant,
  expiresAt: instant.nullable(),
  revokedAt: instant.nullable(),
  /** Up to a minute behind. */
  lastUsedAt: instant.nullable(),
  /** Until when the value before the last rotation is valid. */
  previousValidUntil: instant.nullable(),
});
export type ApiKeyRecord = z.infer<typeof apiKeyRecord>;

const withValue = z.object({ key: apiKeyRecord, value: z.string() });

export const GRACE_SECONDS_DEFAULT = 24 * 3_600;
export const GRACE_SECONDS_MAX = 7 * GRACE_SECONDS_DEFAULT;
export const API_KEYS_PER_PROJECT_MAX = 1_000;

const TIMEOUT_MS = 5_000;
const one = z.object({ projectId, keyId: apiKeyId });
const change = z.object({ context: changeContext });

/** The key of another project is `api_key.not_found`, like one that does not exist. */
export const apiKeysContract = service('auth', {
  listApiKeys: request({
    subject: 'auth.v1.api-keys.list',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      projectId,
      /** The last id of the previous page. */
      after: apiKeyId.optional(),
      limit: z.number().int().min(1).max(100),
      order: z.enum(['asc', 'desc']),
      /** Whether revoked and expired keys are listed too. */
      includeInactive: z.boolean(),
    }),
    output: z.object({ data: z.array(apiKeyRecord), hasMore: z.boolean() }),
    errors: ['list.unknown_cursor', 'db.unavailable'],
  }),
  getApiKey: request({
    subject: 'auth.v1.api-keys.get',
    timeoutMs: TIMEOUT_MS,
    input: one,
    output: apiKeyRecord,
    errors: ['api_key.not_found', 'db.unavailable'],
  }),
  createApiKey: request({
    subject: 'auth.v1.api-keys.create',
    timeoutMs: TIMEOUT_MS,
    input: change.extend({
      name,
      scopes: z.array(scope).min(1).max(scope.options.length),
      expiresAt: instant.nullable(),
      endpointId: z.uuid().nullable(),
      ipFilter,
      quota: keyQuota.nullable(),
    }),
    output: withValue,
    errors: ['project.not_found', 'endpoint.not_found', 'api_key.too_many', ...CHANGE_ERRORS],
  }),
  /** Replaces the value; the current one stays valid for the grace period. */
  rotateApiKey: request({
    subject: 'auth.v1.api-keys.rotate',
    timeoutMs: TIMEOUT_MS,
    input: change.extend({ keyId: apiKeyId, graceSeconds: z.number().int().min(0).max(GRACE_SECONDS_MAX) }),
    output: withValue,
    errors: ['project.not_found', 'api_key.not_found', 'api_key.inactive', ...CHANGE_ERRORS],
  }),
  /** Permanent. Revoking a revoked key changes nothing. */
  revokeApiKey: request({
    subject: 'auth.v1.api-keys.revoke',
    timeoutMs: TIMEOUT_MS,
    input: change.extend({ keyId: apiKeyId }),
    output: apiKeyRecord,
    errors: ['api_key.not_found', ...CHANGE_ERRORS],
  }),
  /** Replaces the filter as a whole. */
  setApiKeyIpFilter: request({
    subject: 'auth.v1.api-keys.set-ip-filter',
    timeoutMs: TIMEOUT_MS,
    input: change.extend({ keyId: apiKeyId, ipFilter }),
    output: apiKeyRecord,
    errors: ['api_key.not_found', 'api_key.inactive', ...CHANGE_ERRORS],
  }),
  /** Replaces the quota as a whole; null removes it. */
  setApiKeyQuota: request({
    subject: 'auth.v1.api-keys.set-quota',
    timeoutMs: TIMEOUT_MS,
    input: change.extend({ keyId: apiKeyId, quota: keyQuota.nullable() }),
    output: apiKeyRecord,
    errors: ['api_key.not_found', 'api_key.inactive', ...CHANGE_ERRORS],
  }),
  /** Replaces the spend cap per month; null removes it. */
  setApiKeySpendCap: request({
    subject: 'auth.v1.api-keys.set-spend-cap',
    timeoutMs: TIMEOUT_MS,
    input: change.extend({ keyId: apiKeyId, spendCapMicros: spendCapMicros.nullable() }),
    output: apiKeyRecord,
    errors: ['api_key.not_found', 'api_key.inactive', ...CHANGE_ERRORS],
  }),
});
