import { eventually } from '@xerotier/testing';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { LimitExceeded, runConfined } from './run-confined.ts';
import type { ConfinedProgram } from './run-confined.ts';

/** What else such a process cannot do and is killed for is tested where one is used, in model-files. */
const endless: ConfinedProgram = {
  program: new URL('../test/endless-process.ts', import.meta.url),
  sources: () => [import.meta.dirname, `${import.meta.dirname}/../test`],
  timeoutMs: 60_000,
  memoryMb: 64,
};

/** How many of these processes run, whoever has started them. */
function running(): number {
  const listed = execFileSync('ps', ['-e', '-o', 'args='], { encoding: 'utf8' });
  return listed.split('\n').filter((args) => args.endsWith(fileURLToPath(endless.program))).length;
}

afterEach(() => {
  expect(running()).toBe(0);
});

it('kills the process when the signal is aborted, and rejects with its reason', async () => {
  const gone = new AbortController();
  const reason = new Error('gone');
  const run = runConfined<void, never, string>({ ...endless, signal: gone.signal }, () => () => gone.abort(reason));
  await expect(run).rejects.toBe(reason);
  await expect(runConfined({ ...endless, signal: gone.signal }, () => () => undefined)).rejects.toBe(reason);
});

it('kills the process after the time, and returns a result that came before', async () => {
  const late = runConfined({ ...endless, timeoutMs: 300 }, () => () => undefined);
  await expect(late).rejects.toThrow(new LimitExceeded('it took more than 300 ms'));
  const early = runConfined<string, never, string>(endless, ({ resolve }) => resolve);
  expect(await early).toBe('running');
});

it('does not outlive a parent that is killed', async () => {
  const parent = spawn(process.execPath, [`${import.meta.dirname}/../test/parent.ts`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(parent.stdout, 'data');
  expect(running()).toBe(1);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  expect(running()).toBe(1);
  await eventually('the kernel has ended it', () => running() === 0, 50_000);
});

it('kills the process when its exchange fails', async () => {
  const run = runConfined<void, never, string>(
    endless,
    ({ reject }) =>
      () =>
        reject(new Error('unreadable')),
  );
  await expect(run).rejects.toThrow('unreadable');
});
