/** The first thing that `npm start` does in a fresh clone, interrupted in the middle and started twice. */
import { eventually } from '@xerotier/testing';
import { isAlive } from '../support/npm-command.ts';
import { SmallClone } from '../support/small-clone.ts';

let clone: SmallClone;
beforeEach(async () => {
  clone = await SmallClone.open();
});
afterEach(() => clone.close());

/** The process id of the program that the bootstrap was to run. */
function programPid(output: string): number {
  return Number(/program runs as (\d+)/.exec(output)?.[1]);
}

describe('an installation', () => {
  it('is done once, and then the program runs', async () => {
    const run = clone.start();
    await clone.installing();
    await clone.letInstallationEnd();
    await run.says('program runs as');
    expect(await clone.leftovers()).toEqual([]);
    const again = clone.start();
    await again.says('program runs as');
    expect(again.output).not.toContain('Installing');
    expect(await clone.installs()).toHaveLength(1);
  });

  it.each<[string, NodeJS.Signals, number, 'group' | 'process']>([
    ['Ctrl-C', 'SIGINT', 130, 'group'],
    ['SIGINT', 'SIGINT', 130, 'process'],
    ['SIGTERM', 'SIGTERM', 143, 'process'],
    ['SIGHUP', 'SIGHUP', 129, 'process'],
    ['the end of its terminal', 'SIGHUP', 129, 'group'],
  ])(
    'that is interrupted by %s ends with npm and its scripts, and is done by the next start',
    async (_, signal, exit, to) => {
      const run = clone.start();
      const script = await clone.installing();
      process.kill(to === 'group' ? -run.pid : run.pid, signal);
      expect(await run.exited).toEqual({ code: exit, signal: null });
      expect(isAlive(script)).toBe(false);
      expect(clone.isInstalled).toBe(false);
      expect(run.output).toContain('The installation was interrupted: the next start does it again.');
      expect(await clone.leftovers()).toEqual([]);
      await clone.letInstallationEnd();
      await clone.start().says('program runs as');
      expect(await clone.installs()).toHaveLength(2);
    },
  );

  it('whose bootstrap was killed is ended by the next start, which does it again', async () => {
    const killed = clone.start();
    const script = await clone.installing();
    killed.child.kill('SIGKILL');
    await killed.exited;
    expect(isAlive(script)).toBe(true);
    const run = clone.start();
    await clone.installing(2);
    expect(isAlive(script)).toBe(false);
    await clone.letInstallationEnd();
    await run.says('program runs as');
    expect(await clone.leftovers()).toEqual([]);
  });

  it.each<['startBelowShell' | 'startBelowNpm', NodeJS.Signals]>([
    ['startBelowShell', 'SIGKILL'],
    ['startBelowNpm', 'SIGKILL'],
    ['startBelowNpm', 'SIGHUP'],
    ['startBelowNpm', 'SIGTERM'],
    ['startBelowNpm', 'SIGINT'],
  ])('with %s ends by itself after %s to what is above it', async (start, signal) => {
    const run = clone[start]();
    const script = await clone.installing();
    run.child.kill(signal);
    await eventually('npm and its script are gone', () => !isAlive(script));
    await eventually('it has tidied up', async () => (await clone.leftovers()).length === 0);
    expect(clone.isInstalled).toBe(false);
  });

  it('is done by one of two that start at once; the other waits for it', async () => {
    const runs = [clone.start(), clone.start()];
    await clone.installing();
    await eventually('one of them waits', () =>
      runs.some(({ output }) => /Process \d+ is installing the dependencies: waiting/.test(output)),
    );
    await clone.letInstallationEnd();
    for (const run of runs) await run.says('program runs as');
    expect(await clone.installs()).toHaveLength(1);
  });

  it('that is interrupted is taken over by the one that waits for it', async () => {
    const first = clone.start();
    await clone.installing();
    const second = clone.start();
    await second.says(`Process ${first.pid} is installing the dependencies: waiting`);
    process.kill(first.pid, 'SIGTERM');
    await clone.installing(2);
    await clone.letInstallationEnd();
    await second.says('program runs as');
  });
});

describe('the program', () => {
  beforeEach(async () => {
    await clone.letInstallationEnd();
  });

  it.each<NodeJS.Signals>(['SIGINT', 'SIGTERM', 'SIGHUP'])('hears of %s, and its exit code is kept', async (signal) => {
    const run = clone.start();
    await run.says('program runs as');
    process.kill(run.pid, signal);
    expect(await run.exited).toEqual({ code: 7, signal: null });
    expect(run.output).toContain(`program got ${signal}`);
  });

  it('that is killed is seen in the exit code', async () => {
    const run = clone.start();
    await run.says('program runs as');
    process.kill(programPid(run.output), 'SIGKILL');
    expect(await run.exited).toEqual({ code: 137, signal: null });
  });

  it.each(['startBelowShell', 'startBelowNpm'] as const)(
    'with %s is told to end when what is above is gone',
    async (start) => {
      const run = clone[start]();
      await run.says('program runs as');
      run.child.kill('SIGKILL');
      await run.says('program got SIGHUP');
      await eventually('it is gone', () => !isAlive(programPid(run.output)));
    },
  );
});
