import { Injectable } from '@nestjs/common';
import type {
  EndpointAccess,
  IpFilter,
  KeyQuota,
  ProjectSettings,
  Scope,
  SpendLimits,
  TierTimeouts,
  TokenPrice,
} from '@xerotier/contracts/auth';
import { withEveryTenant } from '@xerotier/db';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { MONTH_ENDS_AT, spentInMonth } from '../spend-caps/spend-month.ts';

/** An endpoint as it was read. */
export type FoundEndpoint = Omit<EndpointAccess, 'price' | 'timeouts' | 'isSystemPromptOmitted'> & {
  readonly price: TokenPrice | null;
  readonly timeouts: TierTimeouts | null;
  readonly isSystemPromptOmitted: true | null;
};

/** What a key grants. */
export interface Grant {
  readonly keyId: string;
  readonly scopes: Scope[];
  readonly projectId: string;
  readonly projectSlug: string;
  /** Those that the key may use; with a slug, the endpoint of that slug, even if the key may not use it. */
  readonly endpoints: FoundEndpoint[];
  /** The only endpoint that the key may use. */
  readonly endpointId: string | null;
  readonly ipFilter: IpFilter | null;
  readonly quota: KeyQuota | null;
  readonly settings: ProjectSettings;
  readonly isArchived: boolean;
  /** Null without a spend cap. */
  readonly spend: SpendLimits | null;
}

/** The contract's limit. Further endpoints of a project work on their own URLs, but are not listed. */
const ENDPOINTS_MAX = 1_000;

const HAS_SPEND_CAP = '(api_key.spend_cap_micros IS NOT NULL OR project.spend_cap_micros IS NOT NULL)';

/** What is needed for spend caps alone is read only if there is one. */
const FIND_GRANT = `
  SELECT
    api_key.id AS "keyId",
    api_key.scopes,
    api_key.endpoint_id AS "endpointId",
    CASE WHEN cardinality(api_key.ip_allow || api_key.ip_block) > 0
      THEN json_build_object('allow', api_key.ip_allow, 'block', api_key.ip_block) END AS "ipFilter",
    CASE WHEN api_key.quota_requests IS NOT NULL THEN json_build_object(
      'requests', api_key.quota_requests, 'windowSeconds', api_key.quota_window_seconds) END AS quota,
    CASE WHEN ${HAS_SPEND_CAP} THEN json_strip_nulls(json_build_object(
      'endsAt', ${MONTH_ENDS_AT},
      'key', CASE WHEN api_key.spend_cap_micros IS NOT NULL THEN json_build_object(
        'capMicros', api_key.spend_cap_micros,
        'spentMicros', ${spentInMonth('project_id = project.id AND key_id = api_key.id')}) END,
      'project', CASE WHEN project.spend_cap_micros IS NOT NULL THEN json_build_object(
        'capMicros', project.spend_cap_micros,
        'spentMicros', ${spentInMonth('project_id = project.id')}) END)) END AS spend,
    project.id AS "projectId",
    project.slug AS "projectSlug",
    project.settings,
    project.archived_at IS NOT NULL AS "isArchived",
    (
      SELECT coalesce(json_agg(found.endpoint), '[]')
      FROM (
        SELECT json_build_object(
          'id', endpoint.id,
          'slug', endpoint.slug,
          'modelId', endpoint.model_id,
          'tier', endpoint.tier,
          'task', endpoint.task,
          'status', endpoint.status,
          'defaults', CASE WHEN $2::text IS NULL THEN endpoint.defaults - 'systemPrompt' ELSE endpoint.defaults END,
          'isSystemPromptOmitted', CASE WHEN $2::text IS NULL AND endpoint.defaults ? 'systemPrompt' THEN true END,
          'latencyTargets', json_strip_nulls(json_build_object(
            'timeToFirstTokenMs', endpoint.target_time_to_first_token_ms,
            'timePerOutputTokenMs', endpoint.target_time_per_output_token_ms
          )),
          'limits', json_build_object(
            'requestsPerMinute', tier.requests_per_minute,
            'tokensPerMinute', tier.tokens_per_minute,
            'concurrencyMax', tier.concurrency_max,
            'burstRequests', tier.burst_requests
          ),
          'timeouts', CASE WHEN coalesce(tier.request_timeout_seconds, tier.idle_timeout_seconds) IS NOT NULL THEN
            json_build_object(
              'requestTimeoutSeconds', tier.request_timeout_seconds,
              'idleTimeoutSeconds', tier.idle_timeout_seconds
            ) END,
          'price', CASE WHEN ${HAS_SPEND_CAP} THEN (
            SELECT json_build_object('inputMicros', input_micros, 'cachedInputMicros', cached_input_micros,
              'outputMicros', output_micros)
            FROM auth.tier_price WHERE tier_price.tier = tier.slug AND valid_from <= now()
            ORDER BY valid_from DESC LIMIT 1
          ) END,
          'createdAt', floor(extract(epoch FROM endpoint.created_at))
        ) AS endpoint
        FROM auth.endpoint JOIN auth.tier ON tier.slug = endpoint.tier
        WHERE endpoint.project_id = project.id AND endpoint.deleted_at IS NULL
          AND CASE WHEN $2::text IS NULL
            THEN api_key.endpoint_id IS NULL OR endpoint.id = api_key.endpoint_id
            ELSE endpoint.slug = $2 END
        ORDER BY endpoint.created_at, endpoint.id
        LIMIT ${ENDPOINTS_MAX}
      ) AS found
    ) AS endpoints
  FROM auth.api_key JOIN auth.project ON project.id = api_key.project_id
  WHERE api_key.revoked_at IS NULL AND (api_key.expires_at IS NULL OR api_key.expires_at > now())`;

const FIND_GRANT_BY_HASH = `${FIND_GRANT}
  AND (api_key.key_hash = $1 OR (api_key.previous_key_hash = $1 AND api_key.previous_valid_until > now()))`;
const FIND_GRANT_BY_ID = `${FIND_GRANT} AND api_key.id = $1`;

@Injectable()
export class AccessRepository {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  /**
   * Returns the grant of a valid key, or null. With a slug, `endpoints` contains that endpoint of the key's project or
   * nothing. The project is not known before the key is found.
   */
  async findGrant(keyHash: Buffer, endpointSlug: string | null): Promise<Grant | null> {
    const rows = await withEveryTenant(this.database, (manager) =>
      manager.query<Grant[]>(FIND_GRANT_BY_HASH, [keyHash, endpointSlug]),
    );
    return rows[0] ?? null;
  }

  /** As `findGrant`, of the key with this id. */
  async findGrantById(keyId: string, endpointSlug: string | null): Promise<Grant | null> {
    const rows = await withEveryTenant(this.database, (manager) =>
      manager.query<Grant[]>(FIND_GRANT_BY_ID, [keyId, endpointSlug]),
    );
    return rows[0] ?? null;
  }
}
