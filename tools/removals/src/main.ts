/** Takes behaviours away, one at a time, and looks whether the tests notice. See the README beside. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removals } from './removals.ts';
import type { Removal } from './removals.ts';

const root = join(import.meta.dirname, '../../..');

type Verdict = 'noticed' | 'NOT NOTICED' | 'BROKEN: it does not build' | 'BROKEN: no such test';

function main(words: readonly string[]): void {
  const chosen = removals.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  for (const removal of chosen) assertApplies(removal);
  refuseUncommitted([...new Set(chosen.map(({ file }) => file))]);
  const verdicts = chosen.map((removal) => {
    const verdict = without(removal);
    console.log(`${verdict.padEnd(8)} ${removal.name}`);
    return verdict;
  });
  run('npm', ['run', 'build']);
  const good = verdicts.filter((verdict) => verdict === 'noticed').length;
  console.log(`${good} of ${chosen.length} removals were noticed.`);
  if (good < chosen.length || good === 0) process.exitCode = 1;
}

/** Makes the change, runs the tests, and takes it back whatever happens. */
function without({ file, text, instead, suite, test }: Removal): Verdict {
  const path = join(root, file);
  const before = readFileSync(path, 'utf8');
  const restore = (): void => writeFileSync(path, before);
  const onSignal = (): void => {
    restore();
    process.exit(130);
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  writeFileSync(
    path,
    before.replace(text, () => instead),
  );
  try {
    if (run('npm', ['run', 'build']).status !== 0) return 'BROKEN: it does not build';
    const jest = run('npx', ['jest', '-c', 'jest.e2e.config.mjs', suite, '-t', test], {
      NODE_OPTIONS: '--experimental-vm-modules',
    });
    if (/^Tests: .*\b[1-9]\d* failed/m.test(jest.stderr)) return 'noticed';
    return /^Tests: .*\b[1-9]\d* passed/m.test(jest.stderr) ? 'NOT NOTICED' : 'BROKEN: no such test';
  } finally {
    restore();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function assertApplies({ name, file, text }: Removal): void {
  const times = readFileSync(join(root, file), 'utf8').split(text).length - 1;
  if (times !== 1) throw new Error(`${name}: its text stands ${times} times in ${file}, and should stand there once`);
}

function refuseUncommitted(files: readonly string[]): void {
  const changed = run('git', ['status', '--porcelain', '--', ...files]).stdout.trim();
  if (changed !== '') throw new Error(`Commit or take back first, so that nothing is lost:\n${changed}`);
}

function run(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(program, args, { cwd: root, encoding: 'utf8', env: { ...process.env, ...env }, maxBuffer: 2 ** 28 });
}

main(process.argv.slice(2));
