/** `npm run check`: format, types, lint, boundaries, dead code, house rules, generated files. */
import { checks } from './checks.ts';

let failed = 0;
for (const { name, run } of checks) {
  const { ok, output } = await run();
  process.stdout.write(`${ok ? 'ok    ' : 'FAILED'}  ${name}\n`);
  if (ok) continue;
  failed += 1;
  process.stdout.write(`${output.trimEnd()}\n`);
}
process.exit(failed === 0 ? 0 : 1);
