import { requestTimeoutMs } from './load-spec.ts';
import type { LoadResult, LoadSpec, LoadTarget } from './load-spec.ts';
import { runRequests } from './request-load.ts';
import { runStreams } from './stream-load.ts';

/** Runs one load against one target in this process. Never throws for a failed request. */
export async function runLoad(target: LoadTarget, spec: LoadSpec, timeoutMs = requestTimeoutMs): Promise<LoadResult> {
  return spec.kind === 'requests' ? runRequests(target, spec, timeoutMs) : runStreams(target, spec, timeoutMs);
}
