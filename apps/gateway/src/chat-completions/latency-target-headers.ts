/** Parses the latency target headers. Without a schema, since it runs for each request, and most have none. */
import type { LatencyTargets } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import { LATENCY_TARGET_MS_MAX } from '@xerotier/public-api/chat-completions';
import type { LatencyTargetHeader } from '@xerotier/public-api/chat-completions';
import type { IncomingHttpHeaders } from 'node:http';

interface TargetHeader {
  readonly name: LatencyTargetHeader;
  readonly target: keyof LatencyTargets;
}

const HEADERS: readonly TargetHeader[] = [
  { name: 'X-SLO-TTFT-Ms', target: 'timeToFirstTokenMs' },
  { name: 'X-SLO-TPOT-Ms', target: 'timePerOutputTokenMs' },
];

/** @throws {AppError} `request.invalid`, naming the header in `param`, unless it is an integer from 1 ms to a day. */
export function latencyTargetsOf(headers: IncomingHttpHeaders): LatencyTargets | undefined {
  let targets: LatencyTargets | undefined;
  for (const { name, target } of HEADERS) {
    const text = headers[name.toLowerCase()];
    if (text === undefined) continue;
    const ms = typeof text === 'string' && /^[0-9]{1,8}$/.test(text) ? Number(text) : 0;
    if (ms < 1 || ms > LATENCY_TARGET_MS_MAX) {
      const reason = `Invalid value for '${name}': must be an integer from 1 to ${LATENCY_TARGET_MS_MAX} (milliseconds).`;
      throw new AppError('request.invalid', { reason }, { param: name });
    }
    targets = { ...targets, [target]: ms };
  }
  return targets;
}
