import type { Access, EndpointAccess } from '@xerotier/contracts/auth';
import type { LatencyTargets, ModelCallContext, RequestedServiceTier, TokenUsage } from '@xerotier/contracts/inference';
import type { Model } from '@xerotier/contracts/router';
import { holdLogLine, noteForLog } from '@xerotier/http';
import type { RawRequest } from '@xerotier/http';
import type { TrackedContext } from '@xerotier/inference';
import type { ServerResponse } from 'node:http';
import { lineOf } from './batch-line.ts';

/** The caller of a request and the endpoint that serves it. */
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
 * Returns the context of a request: interactive, unless it is a batch line. Delays the access log line until the usage is known, which after a disconnect
 * is when the worker has stopped.
 * @param onUsage called with the usage once the request has ended.
 */
export function trackedContextOf(
  caller: Caller,
  { req: request }: ServerResponse,
  onUsage: (usage: TokenUsage) => void,
): TrackedContext {
  const release = holdLogLine(request);
  const line = lineOf(request);
  return {
    ...contextOf(caller, request),
    onRecord: line?.record,
    onPlaced: (worker) => {
      noteForLog(request, { worker });
      line?.placed();
    },
    onUsage: (usage) => {
      const { promptTokens, completionTokens, cachedTokens } = usage;
      noteForLog(request, { promptTokens, completionTokens, cachedTokens });
      onUsage(usage);
      release();
    },
  };
}

/**
 * Returns what another service needs to call the model for a request.
 * @param model undefined if it is unknown, because the router is unavailable.
 */
export function modelCallContextOf(caller: Caller, request: RawRequest, model: Model | undefined): ModelCallContext {
  return {
    ...contextOf(caller, request),
    modelName: model?.name ?? caller.endpoint.modelId,
    contextTokens: model?.contextTokens,
  };
}

/** What both have. */
function contextOf(
  { requestId, access, endpoint, latencyTargets, requestedServiceTier, endUser }: Caller,
  request: RawRequest,
): Omit<ModelCallContext, 'modelName' | 'contextTokens'> {
  return {
    requestId,
    projectId: access.project.id,
    endpointId: endpoint.id,
    keyId: access.keyId,
    tier: endpoint.tier,
    modelId: endpoint.modelId,
    priority: lineOf(request) === undefined ? 'interactive' : 'batch',
    latencyTargets,
    requestedServiceTier,
    endUser,
    timeouts: endpoint.timeouts,
  };
}
