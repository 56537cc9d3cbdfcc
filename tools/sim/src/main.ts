import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compare } from './comparison.ts';
import { parseOptions, USAGE } from './options.ts';
import { reportOf, signalsTable } from './report.ts';

const PAGE = join(import.meta.dirname, '../../../docs/scheduler.md');

function main(args: readonly string[]): void {
  const options = parseOptions(args);
  if (options === 'help') return void process.stdout.write(USAGE);
  const report = reportOf(compare(options));
  process.stdout.write(`${report}\n`);
  if (!options.writes) return;
  const page = withPart(readFileSync(PAGE, 'utf8'), 'signals', signalsTable());
  writeFileSync(PAGE, withPart(page, 'simulation', report));
}

/** Replaces what is between the two comments of a part. */
function withPart(page: string, name: string, text: string): string {
  const [beginning, ending] = [`<!-- ${name}: written by npm run sim -- --write -->`, `<!-- ${name}: end -->`];
  const [begin, end] = [page.indexOf(beginning), page.indexOf(ending)];
  if (begin === -1 || end === -1) throw new Error(`${PAGE} has no place for '${name}'`);
  return `${page.slice(0, begin + beginning.length)}\n\n${text}\n\n${page.slice(end)}`;
}

try {
  main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 1;
}
