/** Runs all checks, with as many concurrently as there are cores: most use one each. */
import { availableParallelism } from 'node:os';
import { checks as allChecks, wordOf } from './checks.ts';
import type { Check } from './checks.ts';
import type { ProgramResult } from './run-program.ts';
import type { Counts } from './test-counts.ts';

/** Reports each check in the order of the list, with the output of failed ones. @param checks default: all. */
export async function runChecks(checks: readonly Check[] = allChecks): Promise<Counts> {
  const results = checks.map(() => Promise.withResolvers<ProgramResult>());
  const waiting = checks.entries();
  const lane = async (): Promise<void> => {
    for (const [index, { run }] of waiting) await run().then(results[index]?.resolve, results[index]?.reject);
  };
  const lanes = Array.from({ length: Math.min(availableParallelism(), checks.length) }, lane);

  let failed = 0;
  for (const [index, { promise }] of results.entries()) {
    const { ok, output } = await promise;
    const check = checks[index] as Check;
    const failure = `${output.trimEnd()}\n        npm run check -- ${wordOf(check)} repeats this check alone\n`;
    process.stdout.write(`${ok ? 'ok    ' : 'FAILED'}  ${check.name}\n${ok ? '' : failure}`);
    if (!ok) failed += 1;
  }
  await Promise.all(lanes);
  return { passed: checks.length - failed, failed };
}
