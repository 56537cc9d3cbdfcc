import { Injectable } from '@nestjs/common';
import type { EndpointAccess, Scope } from '@xerotier/contracts/auth';
import { withDbErrors } from '@xerotier/db';
import { EntityManager } from 'typeorm';

/** What a key grants. */
export interface Grant {
  readonly keyId: string;
  readonly scopes: Scope[];
  readonly projectId: string;
  readonly projectSlug: string;
  readonly endpoints: EndpointAccess[];
}

/** The contract's limit. Further endpoints of a project work on their own URLs, but are not listed. */
const ENDPOINTS_MAX = 1_000;

const FIND_GRANT = `
  SELECT
    api_key.id AS "keyId",
    api_key.scopes,
    project.id AS "projectId",
    project.slug AS "projectSlug",
    (
      SELECT coalesce(json_agg(found.endpoint), '[]')
      FROM (
        SELECT json_build_object(
          'id', endpoint.id,
          'slug', endpoint.slug,
          'modelId', endpoint.model_id,
          'tier', endpoint.tier,
          'task', endpoint.task,
          'limits', json_build_object(
            'requestsPerMinute', tier.requests_per_minute,
            'tokensPerMinute', tier.tokens_per_minute
          ),
          'createdAt', floor(extract(epoch FROM endpoint.created_at))
        ) AS endpoint
        FROM auth.endpoint JOIN auth.tier ON tier.slug = endpoint.tier
        WHERE endpoint.project_id = project.id AND ($2::text IS NULL OR endpoint.slug = $2)
        ORDER BY endpoint.created_at, endpoint.id
        LIMIT ${ENDPOINTS_MAX}
      ) AS found
    ) AS endpoints
  FROM auth.api_key JOIN auth.project ON project.id = api_key.project_id
  WHERE (api_key.key_hash = $1 OR (api_key.previous_key_hash = $1 AND api_key.previous_valid_until > now()))
    AND api_key.revoked_at IS NULL
    AND (api_key.expires_at IS NULL OR api_key.expires_at > now())`;

@Injectable()
export class AccessRepository {
  constructor(private readonly manager: EntityManager) {}

  /**
   * Returns the grant of a valid key, or null. With a slug, `endpoints` contains that endpoint of the key's project or
   * nothing. One round trip, since this runs for every request that no cache serves.
   */
  async findGrant(keyHash: Buffer, endpointSlug: string | null): Promise<Grant | null> {
    const rows = await withDbErrors(() => this.manager.query<Grant[]>(FIND_GRANT, [keyHash, endpointSlug]));
    return rows[0] ?? null;
  }
}
