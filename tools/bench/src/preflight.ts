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
 * Asks a target for one answer and one stream before anything is measured, so that a wrong key or another engine is one
 * clear message and not a table of failures. Throws TargetUnavailable.
 */
export async function preflight(name: TargetName, running: RunningTarget, load: LoadProcess): Promise<void> {
  for (const phase of [single, stream]) {
    const result = await load.run(running.load, phase);
    if (result.failed === 0) continue;
    const advice =
      name === 'xerotier' || name === 'baseline'
        ? ' (the key has to be valid, and the worker has to run the scripted engine)'
        : '';
    throw new TargetUnavailable(`${name} does not give the scripted reply: ${result.problems.join(' | ')}${advice}`);
  }
}
