import type { Access, EndpointAccess, LatencyTargets, RequestedServiceTier, TokenUsage } from '@xerotier/contracts';
import type { RequestOrigin } from '@xerotier/inference';

/** Who asks, and which endpoint has to answer. */
export interface Caller {
  readonly requestId: string;
  readonly access: Access;
  readonly endpoint: EndpointAccess;
  readonly latencyTargets?: LatencyTargets | undefined;
  readonly requestedServiceTier?: RequestedServiceTier | undefined;
  /** `user` of the request. */
  readonly endUser?: string | undefined;
}

/**
 * For an answer that somebody waits for.
 * @param onUsage hears what it used, once it is over.
 */
export function originOf(
  { requestId, access, endpoint, latencyTargets, requestedServiceTier, endUser }: Caller,
  onUsage: (usage: TokenUsage) => void,
): RequestOrigin {
  return {
    requestId,
    projectId: access.project.id,
    endpointId: endpoint.id,
    keyId: access.keyId,
    tier: endpoint.tier,
    modelId: endpoint.modelId,
    priority: 'interactive',
    latencyTargets,
    requestedServiceTier,
    endUser,
    onUsage,
  };
}
