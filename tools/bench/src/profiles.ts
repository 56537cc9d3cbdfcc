import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requestPhase, streamPhase } from './bench-plan.ts';
import { busiestFunctions, profileDuring } from './cpu-profile.ts';
import type { LoadProcess } from './measurement.ts';
import type { RunningTargets } from './rounds.ts';

const linesPerProfile = 12;

/**
 * Takes one CPU profile of each Node process under requests and one under paced streams, after the measured rounds,
 * because profiling has overhead. Writes them as `.cpuprofile` files and prints the busiest functions.
 */
export async function takeProfiles(
  targets: RunningTargets,
  load: LoadProcess,
  outputDir: string,
  print: (line: string) => void,
): Promise<void> {
  const phases = [requestPhase(64, 3_000), streamPhase(400, 3_000)];
  for (const [name, running] of targets) {
    for (const process of [...running.system, ...running.helpers].filter(({ isNode }) => isNode === true)) {
      for (const phase of phases) {
        const profile = await profileDuring(process.pid, () => load.run(running.load, phase));
        const path = join(outputDir, `${name}-${process.name}-${phase.name}.cpuprofile`);
        writeFileSync(path, JSON.stringify(profile));
        print(`\n${name}, ${process.name}, ${phase.name}: share of busy time (${path})`);
        for (const { share, name: function_ } of busiestFunctions(profile, linesPerProfile)) {
          print(`  ${(share * 100).toFixed(1).padStart(5)} %  ${function_}`);
        }
      }
    }
  }
}
