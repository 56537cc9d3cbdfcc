import type { Phase } from './bench-plan.ts';
import type { LoadProcess } from './measurement.ts';
import { TargetUnavailable } from './targets/target.ts';
import type { RunningTarget, TargetName } from './targets/target.ts';

const single: Phase = { name: 'preflight-request', kind: 'requests', connections: 1, durationMs: 50, tokens: 3 };
const stream: Phase = {
  name: 'preflight-stream',
  kind: 'streams',
  concurrency: 1,
  streamsEach: 1,
  tokens: 5,
  delayMs: 5,
  rampMs: 0,
  readPauseMs: 0,
};

/**
 * Sends one request and one stream to a target before anything is measured, so that a wrong key or engine is reported
 * clearly instead of as a table of failures. Throws TargetUnavailable.
 */
export async function preflight(name: TargetName, running: RunningTarget, load: LoadProcess): Promise<void> {
  for (const phase of [single, stream]) {
    const result = await load.run(running.load, phase);
    if (result.failed === 0) continue;
    const advice =
      name === 'xerotier' || name === 'baseline'
        ? ' (the key must be valid, and the worker must run the scripted engine)'
        : '';
    throw new TargetUnavailable(
      `${name} does not return the scripted completion: ${result.problems.join(' | ')}${advice}`,
    );
  }
}
