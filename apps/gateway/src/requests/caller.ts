import type { Access, EndpointAccess } from '@xerotier/contracts/auth';
import type { LatencyTargets, RequestedServiceTier, TokenUsage } from '@xerotier/contracts/inference';
import { holdLogLine, noteForLog } from '@xerotier/http';
import type { TrackedContext } from '@xerotier/inference';
import type { ServerResponse } from 'node:http';

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
 * For a response that somebody waits for. Its access log line says what was used, and waits for that: of a client that leaves
 * it is known only when the worker has stopped.
 * @param onUsage hears what it used, once it is over.
 */
export function trackedContextOf(
  { requestId, access, endpoint, latencyTargets, requestedServiceTier, endUser }: Caller,
  { req: request }: ServerResponse,
  onUsage: (usage: TokenUsage) => void,
): TrackedContext {
  const release = holdLogLine(request);
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
    onPlaced: (worker) => noteForLog(request, { worker }),
    onUsage: (usage) => {
      const { promptTokens, completionTokens, cachedTokens } = usage;
      noteForLog(request, { promptTokens, completionTokens, cachedTokens });
      onUsage(usage);
      release();
    },
  };
}
