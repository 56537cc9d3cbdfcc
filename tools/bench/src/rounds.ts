import { isFor } from './bench-plan.ts';
import type { BenchPlan, Phase } from './bench-plan.ts';
import { measure } from './measurement.ts';
import type { LoadProcess, Measurement } from './measurement.ts';
import type { RunningTarget, TargetName } from './targets/target.ts';

export type RunningTargets = ReadonlyMap<TargetName, RunningTarget>;

/**
 * Measures every target in every phase, round by round. Within a phase the targets follow each other directly, and each
 * round begins with another one, so that other activity of the machine and carry-over effects hit all of them alike.
 */
export async function runRounds(
  plan: BenchPlan,
  targets: RunningTargets,
  load: LoadProcess,
  print: (line: string) => void,
): Promise<Measurement[]> {
  for (const [name, running] of targets) {
    for (const phase of plan.warmUp) if (isFor(phase, name)) await measure(0, name, running, phase, load);
  }
  const measurements: Measurement[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const phase of plan.phases) {
      const measured = [...targets].filter(([name]) => isFor(phase, name));
      for (const [name, running] of rotated(measured, round)) {
        const measurement = await measure(round, name, running, phase, load);
        measurements.push(measurement);
        print(`round ${round + 1}/${plan.rounds}  ${progress(name, phase, measurement)}`);
      }
    }
  }
  return measurements;
}

/** Rotates `[a, b, c]` by 1 to `[b, c, a]`. */
export function rotated<T>(items: readonly T[], by: number): T[] {
  const first = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

function progress(name: TargetName, phase: Phase, { result }: Measurement): string {
  const head = `${phase.name.padEnd(18)} ${name.padEnd(9)}`;
  const failed = result.failed === 0 ? '' : `  ${result.failed} FAILED: ${result.problems[0] ?? ''}`;
  if (result.kind === 'requests') return `${head} ${Math.round(result.requestsPerSecond)} requests/s${failed}`;
  return `${head} ${result.streams} streams, first token ${result.firstTokenP50Ms.toFixed(1)} ms${failed}`;
}
