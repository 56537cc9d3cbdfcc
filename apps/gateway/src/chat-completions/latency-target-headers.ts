/** `X-SLO-TTFT-Ms` and `X-SLO-TPOT-Ms`: what a client would like to see (seed 002, "Request Headers"). */
import type { LatencyTargets } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';

const HEADERS = [
  { name: 'X-SLO-TTFT-Ms', target: 'timeToFirstTokenMs', about: 'Milliseconds until the first token.' },
  { name: 'X-SLO-TPOT-Ms', target: 'timePerOutputTokenMs', about: 'Milliseconds for each token after the first.' },
] as const;

/** No request lives longer than a day. */
const TARGET_MS_MAX = 86_400_000;

/** The same for the API's document. Requests are read by hand: it is done for each, and most have neither. */
export const latencyTargetHeaders = z.object(
  Object.fromEntries(
    HEADERS.map(({ name, about }) => [
      name,
      z.number().int().min(1).max(TARGET_MS_MAX).optional().describe(`A target that placement looks at. ${about}`),
    ]),
  ),
);

/** @throws {AppError} `request.invalid`, naming the header in `param`, for anything but whole milliseconds from 1 to a day. */
export function latencyTargetsOf(headers: IncomingHttpHeaders): LatencyTargets | undefined {
  let targets: LatencyTargets | undefined;
  for (const { name, target } of HEADERS) {
    const text = headers[name.toLowerCase()];
    if (text === undefined) continue;
    const ms = typeof text === 'string' && /^[0-9]{1,8}$/.test(text) ? Number(text) : 0;
    if (ms < 1 || ms > TARGET_MS_MAX) {
      const reason = `Invalid value for '${name}': must be whole milliseconds from 1 to ${TARGET_MS_MAX}.`;
      throw new AppError('request.invalid', { reason }, { param: name });
    }
    targets = { ...targets, [target]: ms };
  }
  return targets;
}
