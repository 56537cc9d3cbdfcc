/**
 * `npm run doctor`: checks for problems that affect `npm start` on this machine, and suggests remedies. Changes
 * nothing.
 */
import { machineFindings } from './doctor-machine.ts';
import { serverFindings } from './doctor-servers.ts';
import { stackFindings } from './doctor-stack.ts';

/** Prints a line for each finding. Exits with 1 when one of them is a FAIL. */
export async function doctor(args: readonly string[]): Promise<void> {
  if (args.length > 0) throw new Error(`Unknown argument '${args[0]}': npm run doctor takes no arguments.`);
  const groups = [
    ['This machine', machineFindings],
    ['Servers', serverFindings],
    ['The stack', stackFindings],
  ] as const;
  const counts = { ok: 0, warn: 0, FAIL: 0 };
  for (const [title, check] of groups) {
    process.stdout.write(`${title}\n`);
    for (const { status, text, remedy } of await check()) {
      counts[status] += 1;
      process.stdout.write(`  ${status.padEnd(4)}  ${text}\n`);
      if (remedy !== undefined) process.stdout.write(`        ${remedy.replaceAll('\n', '\n        ')}\n`);
    }
  }
  process.stdout.write(`\n${counts.ok} ok, ${counts.warn} warnings, ${counts.FAIL} failed\n`);
  if (counts.FAIL > 0) process.exitCode = 1;
}
