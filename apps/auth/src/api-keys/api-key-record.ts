import type { ApiKeyRecord } from '@xerotier/contracts/auth';
import type { JsonObject } from '../audit/audit-record.ts';
import type { ApiKey } from './api-key.entity.ts';

/** An API key as other services see it. */
export function apiKeyRecordOf(key: ApiKey): ApiKeyRecord {
  const { quotaRequests, quotaWindowSeconds } = key;
  return {
    id: key.id,
    name: key.name,
    scopes: key.scopes,
    last4: key.last4,
    endpointId: key.endpointId,
    ipFilter: { allow: key.ipAllow, block: key.ipBlock },
    quota:
      quotaRequests === null || quotaWindowSeconds === null
        ? null
        : { requests: quotaRequests, windowSeconds: quotaWindowSeconds },
    // Null, and undefined right after the insertion.
    spendCapMicros: key.spendCapMicros == null ? null : Number(key.spendCapMicros),
    createdAt: key.createdAt.getTime(),
    expiresAt: key.expiresAt?.getTime() ?? null,
    revokedAt: key.revokedAt?.getTime() ?? null,
    lastUsedAt: key.lastUsedAt?.getTime() ?? null,
    previousValidUntil: key.previousValidUntil?.getTime() ?? null,
  };
}

/** The parts of a key that a change can concern, for the audit log. Neither the value nor its hash is part of it. */
export function auditedKeyOf(key: ApiKey): JsonObject {
  const { lastUsedAt: _, ...record } = apiKeyRecordOf(key);
  return record;
}
