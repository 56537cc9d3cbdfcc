/** The installation of dependencies by `npm start` in a fresh clone: interrupted, killed and started twice. */
import { eventually } from '@xerotier/testing';
import { isAlive } from '../support/npm-command.ts';
import { onlyInChaos } from '../support/chaos.ts';
import { SmallClone } from '../support/small-clone.ts';

let clone: SmallClone;
beforeEach(async () => {
  clone = await SmallClone.open();
});
afterEach(() => clone.close());

/** Returns the process id that the started program has printed. */
function programPid(output: string): number {
  return Number(/program runs as (\d+)/.exec(output)?.[1]);
}

describe('installation', () => {
  it('runs once, and then the program starts', async () => {
    const run = clone.start();
    await clone.installing();
    await clone.finishInstallation();
    await run.prints('program runs as');
    expect(await clone.leftovers()).toEqual([]);
    const again = clone.start();
    await again.prints('program runs as');
    expect(again.output).not.toContain('Installing');
    expect(await clone.installs()).toHaveLength(1);
  });

  it.each<[string, NodeJS.Signals, number, 'group' | 'process']>([
    ['Ctrl-C', 'SIGINT', 130, 'group'],
    ['SIGTERM', 'SIGTERM', 143, 'process'],
    ...onlyInChaos<[string, NodeJS.Signals, number, 'group' | 'process']>(
      ['SIGINT', 'SIGINT', 130, 'process'],
      ['SIGHUP', 'SIGHUP', 129, 'process'],
      ['a closed terminal', 'SIGHUP', 129, 'group'],
    ),
  ])(
    'stops npm and its scripts when it is interrupted by %s, and the next start repeats it',
    async (_, signal, exit, to) => {
      const run = clone.start();
      const script = await clone.installing();
      process.kill(to === 'group' ? -run.pid : run.pid, signal);
      expect(await run.exited).toEqual({ code: exit, signal: null });
      expect(isAlive(script)).toBe(false);
      expect(clone.isInstalled).toBe(false);
      expect(run.output).toContain('The installation was interrupted; the next start repeats it.');
      expect(await clone.leftovers()).toEqual([]);
      await clone.finishInstallation();
      await clone.start().prints('program runs as');
      expect(await clone.installs()).toHaveLength(2);
    },
  );

  it('is stopped and repeated by the next start when its bootstrap was killed', async () => {
    const killed = clone.start();
    const script = await clone.installing();
    killed.child.kill('SIGKILL');
    await killed.exited;
    expect(isAlive(script)).toBe(true);
    const run = clone.start();
    await clone.installing(2);
    expect(isAlive(script)).toBe(false);
    await clone.finishInstallation();
    await run.prints('program runs as');
    expect(await clone.leftovers()).toEqual([]);
  });

  it.each<['startUnderShell' | 'startUnderNpm', NodeJS.Signals]>([
    ['startUnderShell', 'SIGKILL'],
    ['startUnderNpm', 'SIGTERM'],
    ...onlyInChaos<['startUnderNpm', NodeJS.Signals]>(
      ['startUnderNpm', 'SIGKILL'],
      ['startUnderNpm', 'SIGHUP'],
      ['startUnderNpm', 'SIGINT'],
    ),
  ])('with %s exits after %s to the parent process', async (start, signal) => {
    const run = clone[start]();
    const script = await clone.installing();
    run.child.kill(signal);
    await eventually('npm and its script have exited', () => !isAlive(script));
    await eventually('it has cleaned up', async () => (await clone.leftovers()).length === 0);
    expect(clone.isInstalled).toBe(false);
  });

  it('runs once when two start concurrently; the other one waits', async () => {
    const runs = [clone.start(), clone.start()];
    await clone.installing();
    await eventually('one of them waits', () =>
      runs.some(({ output }) => /Process \d+ is installing the dependencies, waiting/.test(output)),
    );
    await clone.finishInstallation();
    for (const run of runs) await run.prints('program runs as');
    expect(await clone.installs()).toHaveLength(1);
  });

  it('is taken over by the waiting process when it is interrupted', async () => {
    const first = clone.start();
    await clone.installing();
    const second = clone.start();
    await second.prints(`Process ${first.pid} is installing the dependencies, waiting`);
    process.kill(first.pid, 'SIGTERM');
    await clone.installing(2);
    await clone.finishInstallation();
    await second.prints('program runs as');
  });
});

describe('program', () => {
  beforeEach(async () => {
    await clone.finishInstallation();
  });

  it.each<NodeJS.Signals>(['SIGINT', 'SIGTERM', 'SIGHUP'])(
    'receives %s, and its exit code is returned',
    async (signal) => {
      const run = clone.start();
      await run.prints('program runs as');
      process.kill(run.pid, signal);
      expect(await run.exited).toEqual({ code: 7, signal: null });
      expect(run.output).toContain(`program got ${signal}`);
    },
  );

  it('determines the exit code when it is killed', async () => {
    const run = clone.start();
    await run.prints('program runs as');
    process.kill(programPid(run.output), 'SIGKILL');
    expect(await run.exited).toEqual({ code: 137, signal: null });
  });

  it.each(['startUnderShell', 'startUnderNpm'] as const)(
    'with %s receives SIGHUP when the parent process is killed',
    async (start) => {
      const run = clone[start]();
      await run.prints('program runs as');
      run.child.kill('SIGKILL');
      await run.prints('program got SIGHUP');
      await eventually('the program has exited', () => !isAlive(programPid(run.output)));
    },
  );
});
