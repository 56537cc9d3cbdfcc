import { Injectable } from '@nestjs/common';
import type { Access, authContract, EndpointAccess, keyAccessContract } from '@xerotier/contracts/auth';
import { AppError, ensure } from '@xerotier/errors';
import type { z } from 'zod';
import { KeyHasher } from '../api-keys/key-hasher.ts';
import { KeyUses } from '../api-keys/key-uses.ts';
import { AccessRepository } from './access.repository.ts';
import type { FoundEndpoint, Grant } from './access.repository.ts';

export type AccessRequest = z.output<typeof authContract.operations.authorize.input>;
export type KeyAccessRequest = z.output<typeof keyAccessContract.operations.authorizeKey.input>;

@Injectable()
export class AccessService {
  constructor(
    private readonly repository: AccessRepository,
    private readonly hasher: KeyHasher,
    private readonly keyUses: KeyUses,
  ) {}

  /**
   * Returns what a key may do on an endpoint or, without one, in its project; without a project, in that of the key.
   *
   * The order of the errors is guaranteed: without a valid key a caller learns nothing else, and a key reveals nothing
   * about other projects, not even whether they exist.
   * @throws {AppError} `auth.invalid_key`, `project.not_found`, `auth.scope_insufficient`, `project.archived`, `endpoint.not_found`,
   * `auth.endpoint_not_allowed` or
   * `db.unavailable`.
   */
  async authorize(request: AccessRequest): Promise<Access> {
    const { keyHash, endpointSlug } = request;
    const access = accessOf(await this.repository.findGrant(this.hasher.hash(keyHash), endpointSlug ?? null), request);
    this.keyUses.record(access.keyId);
    return access;
  }

  /** The same for a key that has started work, by its id. @throws {AppError} as `authorize`. */
  async authorizeKey(request: KeyAccessRequest): Promise<Access> {
    const { keyId, endpointSlug } = request;
    return accessOf(await this.repository.findGrantById(keyId, endpointSlug ?? null), request);
  }
}

/** @throws {AppError} as `AccessService.authorize`. */
function accessOf(
  found: Grant | null,
  { projectId, endpointSlug, scope }: Pick<AccessRequest, 'projectId' | 'endpointSlug' | 'scope'>,
): Access {
  const grant = ensure(found, 'auth.invalid_key');
  if (projectId !== undefined && grant.projectId !== projectId)
    throw new AppError('project.not_found', { project: projectId });
  if (!grant.scopes.includes(scope)) throw new AppError('auth.scope_insufficient', { scope });
  // With a management key, what an archived project contains can be read, and it can be restored.
  if (grant.isArchived && scope !== 'management') throw new AppError('project.archived', { project: grant.projectId });
  const { endpointId, ipFilter, quota, settings, spend } = grant;
  const endpoints = grant.endpoints
    .filter(({ id }) => endpointId === null || id === endpointId)
    .map(withoutEmptySettings);
  if (endpointSlug !== undefined) {
    ensure(grant.endpoints[0], 'endpoint.not_found', { endpoint: endpointSlug });
    ensure(endpoints[0], 'auth.endpoint_not_allowed', { endpoint: endpointSlug });
  }
  return {
    keyId: grant.keyId,
    scopes: grant.scopes,
    project: { id: grant.projectId, slug: grant.projectSlug },
    endpoints,
    ...(ipFilter !== null && { ipFilter }),
    ...(quota !== null && { quota }),
    ...(Object.values(settings).includes(true) && { settings }),
    ...(spend !== null && { spend }),
  };
}

/** Gateways apply the settings to each request: what is absent costs nothing. */
function withoutEmptySettings({ defaults, latencyTargets, price, timeouts, ...found }: FoundEndpoint): EndpointAccess {
  const { isSystemPromptOmitted, ...endpoint } = found;
  return {
    ...endpoint,
    ...(isSystemPromptOmitted !== null && { isSystemPromptOmitted }),
    ...(Object.keys(defaults ?? {}).length > 0 && { defaults }),
    ...(Object.keys(latencyTargets ?? {}).length > 0 && { latencyTargets }),
    ...(price !== null && { price }),
    ...(timeouts !== null && { timeouts }),
  };
}
