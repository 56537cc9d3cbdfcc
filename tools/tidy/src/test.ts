/**
 * `npm test`: builds, checks and runs every suite, and prints a summary line at the end. A suite without tests fails,
 * whatever its exit code.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { projectRoot, runProgram } from './run-program.ts';
import { add, countsOf } from './test-counts.ts';
import type { Counts } from './test-counts.ts';

const suites = [
  { name: 'unit', config: 'jest.config.mjs' },
  { name: 'integration', config: 'jest.int.config.mjs' },
  { name: 'e2e', config: 'jest.e2e.config.mjs' },
];

let total: Counts = { passed: 0, failed: 0 };

// Downloads what the end-to-end tests need at the end, in the background. If it fails, they install it themselves.
const python = spawn(process.execPath, [join(projectRoot, 'e2e/support/prepare-python-process.ts')], {
  cwd: projectRoot,
  stdio: ['ignore', 'ignore', 'inherit'],
});
process.once('exit', () => python.kill());

heading('build');
const build = await runProgram('nx', ['run-many', '-t', 'build', '--output-style=stream']);
if (!build.ok) {
  process.stdout.write(build.output);
  finish({ passed: 0, failed: 1 });
}

const checks = runChecksMeanwhile();
const folder = await mkdtemp(join(tmpdir(), 'xerotier-results-'));
for (const { name, config } of suites) {
  heading(`${name} tests`);
  const results = join(folder, `${name}.json`);
  const code = await runJest(config, results);
  const ofSuite = countsOf(await readFile(results, 'utf8').catch(() => undefined), code);
  if (ofSuite.passed + ofSuite.failed === 0) process.stdout.write(`FAILED  the ${name} suite ran no tests\n`);
  total = add(total, ofSuite.passed + ofSuite.failed === 0 ? { passed: 0, failed: 1 } : ofSuite);
}
await rm(folder, { recursive: true, force: true });

heading('checks');
const { output, counts } = await checks;
process.stdout.write(output);
finish(add(total, counts));

function heading(title: string): void {
  process.stdout.write(`\n== ${title}\n`);
}

/** Runs the checks on what the tests leave of the processors: a quarter of the time, the end-to-end tests only wait. */
async function runChecksMeanwhile(): Promise<{ output: string; counts: Counts }> {
  const child = fork(join(import.meta.dirname, 'check.ts'), { cwd: projectRoot, silent: true });
  // Its processes inherit it.
  setPriority(child.pid as number, constants.priority.PRIORITY_LOW);
  process.once('exit', () => child.kill());
  let counts: Counts = { passed: 0, failed: 1 };
  child.once('message', (message) => (counts = message as Counts));
  const outputs = [child.stdout, child.stderr].map((stream) => text(stream as Readable));
  await once(child, 'close');
  return { output: (await Promise.all(outputs)).join(''), counts };
}

function runJest(config: string, results: string): Promise<number> {
  const jest = join(projectRoot, 'node_modules', 'jest', 'bin', 'jest.js');
  const child = spawn(
    process.execPath,
    [jest, '-c', config, '--json', '--outputFile', results, '--testLocationInResults'],
    {
      cwd: projectRoot,
      // The results go to the file; jest's readable report goes to standard error.
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
}

function finish({ passed, failed }: Counts): never {
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  process.exit(failed === 0 ? 0 : 1);
}
