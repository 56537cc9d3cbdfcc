import type { Access, EndpointAccess } from '@xerotier/contracts';
import type { RequestOrigin } from '@xerotier/inference';

/** Who asks, and which endpoint has to answer. */
export interface Caller {
  readonly requestId: string;
  readonly access: Access;
  readonly endpoint: EndpointAccess;
}

/** For an answer that somebody waits for. */
export function originOf({ requestId, access, endpoint }: Caller): RequestOrigin {
  return {
    requestId,
    projectId: access.project.id,
    endpointId: endpoint.id,
    keyId: access.keyId,
    tier: endpoint.tier,
    modelId: endpoint.modelId,
    priority: 'interactive',
  };
}
