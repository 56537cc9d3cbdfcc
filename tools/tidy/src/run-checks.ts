/** Runs all checks, with as many concurrently as there are cores: most use one each. */
import { availableParallelism } from 'node:os';
import { checks } from './checks.ts';
import type { ProgramResult } from './run-program.ts';
import type { Counts } from './test-counts.ts';

/** Reports each check in the order of the list, with the output of failed ones. */
export async function runChecks(): Promise<Counts> {
  const results = checks.map(() => Promise.withResolvers<ProgramResult>());
  const waiting = checks.entries();
  const lane = async (): Promise<void> => {
    for (const [index, { run }] of waiting) await run().then(results[index]?.resolve, results[index]?.reject);
  };
  const lanes = Array.from({ length: Math.min(availableParallelism(), checks.length) }, lane);

  let failed = 0;
  for (const [index, { promise }] of results.entries()) {
    const { ok, output } = await promise;
    process.stdout.write(`${ok ? 'ok    ' : 'FAILED'}  ${checks[index]?.name}\n${ok ? '' : `${output.trimEnd()}\n`}`);
    if (!ok) failed += 1;
  }
  await Promise.all(lanes);
  return { passed: checks.length - failed, failed };
}
