/** `npm run check [-- <word> ...]`: format, types, lint, boundaries, dead code, house rules, generated files. */
import { checks, wordOf } from './checks.ts';
import { runChecks } from './run-checks.ts';

const words = process.argv.slice(2);
const known = checks.map(wordOf);
const unknown = words.find((word) => !known.includes(word));
if (unknown !== undefined) {
  process.stderr.write(`There is no check '${unknown}'. Expected: ${known.join(', ')}\n`);
  process.exit(2);
}
const counts = await runChecks(words.length === 0 ? checks : checks.filter((check) => words.includes(wordOf(check))));
// To `npm test`, which has started it.
process.send?.(counts);
process.exitCode = counts.failed === 0 ? 0 : 1;
if (process.connected) process.disconnect();
