/** `npm run doctor`: what would keep `npm start` from working here, and what to do about it. It changes nothing. */
import { machineFindings } from './doctor-machine.ts';
import { serverFindings } from './doctor-servers.ts';
import { stackFindings } from './doctor-stack.ts';

/** Prints a line for each finding. Exits with 1 when one of them is a FAIL. */
export async function doctor(args: readonly string[]): Promise<void> {
  if (args.length > 0) throw new Error(`npm run doctor knows no '${args[0]}'. It takes no arguments.`);
  const groups = [
    ['This machine', machineFindings],
    ['Servers', serverFindings],
    ['The stack', stackFindings],
  ] as const;
  const counts = { ok: 0, warn: 0, FAIL: 0 };
  for (const [title, look] of groups) {
    process.stdout.write(`${title}\n`);
    for (const { status, text, remedy } of await look()) {
      counts[status] += 1;
      process.stdout.write(`  ${status.padEnd(4)}  ${text}\n`);
      if (remedy !== undefined) process.stdout.write(`        ${remedy.replaceAll('\n', '\n        ')}\n`);
    }
  }
  process.stdout.write(`\n${counts.ok} ok, ${counts.warn} to look at, ${counts.FAIL} to mend\n`);
  if (counts.FAIL > 0) process.exitCode = 1;
}
