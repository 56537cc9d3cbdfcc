import { execFileSync } from 'node:child_process';
import { LimitExceeded, runConfined } from './run-confined.ts';
import type { ConfinedProgram } from './run-confined.ts';

/** What else such a process cannot do and is killed for is tested where one is used, in model-files. */
const endless: ConfinedProgram = {
  program: new URL('../test/endless-process.ts', import.meta.url),
  sources: () => [import.meta.dirname, `${import.meta.dirname}/../test`],
  timeoutMs: 60_000,
  memoryMb: 64,
};

afterEach(() => {
  const listed = execFileSync('ps', ['-o', 'args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  expect(listed).not.toContain('endless-process');
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

it('kills the process when its exchange fails', async () => {
  const run = runConfined<void, never, string>(
    endless,
    ({ reject }) =>
      () =>
        reject(new Error('unreadable')),
  );
  await expect(run).rejects.toThrow('unreadable');
});
