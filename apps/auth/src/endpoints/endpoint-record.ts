import type { EndpointRecord } from '@xerotier/contracts/auth';
import type { LatencyTargets } from '@xerotier/contracts/inference';
import type { Endpoint } from './endpoint.entity.ts';

/** An endpoint as other services see it, and the audit log. */
export function endpointRecordOf(endpoint: Endpoint): EndpointRecord {
  const { id, slug, modelId, tier, task, status, defaults, createdAt } = endpoint;
  const { targetTimeToFirstTokenMs, targetTimePerOutputTokenMs } = endpoint;
  return {
    ...{ id, slug, modelId, tier, task, status },
    defaults,
    latencyTargets: {
      ...(targetTimeToFirstTokenMs !== null && { timeToFirstTokenMs: targetTimeToFirstTokenMs }),
      ...(targetTimePerOutputTokenMs !== null && { timePerOutputTokenMs: targetTimePerOutputTokenMs }),
    },
    createdAt: createdAt.getTime(),
  };
}

/** The columns of latency targets. */
export function targetColumnsOf({
  timeToFirstTokenMs,
  timePerOutputTokenMs,
}: LatencyTargets): Pick<Endpoint, 'targetTimeToFirstTokenMs' | 'targetTimePerOutputTokenMs'> {
  return {
    targetTimeToFirstTokenMs: timeToFirstTokenMs ?? null,
    targetTimePerOutputTokenMs: timePerOutputTokenMs ?? null,
  };
}
