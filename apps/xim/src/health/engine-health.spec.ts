import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import { silentLog } from '@xerotier/log/testing';
import { eventually } from '@xerotier/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineMisconfiguredError } from '../engines/engine.ts';
import { EngineHealth } from './engine-health.ts';
import type { HealthTimes } from './engine-health.ts';

const FAST: Partial<HealthTimes> = {
  probePauseMs: 5,
  probePauseMaxMs: 20,
  probeTimeoutMs: 200,
  suspicionPauseMs: 0,
  stallMs: Infinity,
  checkIntervalMs: Infinity,
};
const failed = (): AppError => new AppError('inference.engine_failed', { upstreamStatus: 500 });
const unreachable = (): AppError =>
  new AppError('inference.engine_unavailable', {}, { cause: new Error('ECONNREFUSED: no connection') });

/** `passes(n)` decides whether the n-th probe passes. */
class FakeEngine {
  checks = 0;
  probes = 0;
  check: () => Promise<void> = () => Promise.resolve();
  passes: (probe: number) => boolean = () => true;

  readonly asProbes = {
    check: (): Promise<void> => {
      this.checks += 1;
      return this.check();
    },
    probe: async (): Promise<void> => {
      this.probes += 1;
      if (!this.passes(this.probes)) throw failed();
    },
  };
}

const running: EngineHealth[] = [];
afterEach(() => running.splice(0).forEach((health) => health.stop()));

async function healthOf(
  engine: FakeEngine,
  times: Partial<HealthTimes> = {},
): Promise<{ sut: EngineHealth; changes: string[]; hung: () => number }> {
  const sut = new EngineHealth(engine.asProbes, silentLog(), { ...FAST, ...times });
  running.push(sut);
  const changes: string[] = [];
  let hung = 0;
  await sut.start({ changed: () => changes.push(sut.state), hung: () => (hung += 1) });
  return { sut, changes, hung: () => hung };
}

function fail(sut: EngineHealth, times: number, error = failed()): void {
  for (let i = 0; i < times; i += 1) sut.failed(error);
}

describe('EngineHealth, when the engine starts', () => {
  it('is unavailable until the first check passes', async () => {
    const engine = new FakeEngine();
    let pass = (): void => undefined;
    engine.check = () => new Promise((resolve) => (pass = resolve));
    const sut = new EngineHealth(engine.asProbes, silentLog(), FAST);
    running.push(sut);
    const started = sut.start({ changed: () => undefined, hung: () => undefined });
    expect(sut).toMatchObject({ available: false, reason: 'starting' });
    pass();
    await started;
    expect(sut).toMatchObject({ available: true, reason: undefined, state: 'available' });
  });

  it('repeats the check until it passes, and logs the reason repeatedly', async () => {
    const engine = new FakeEngine();
    engine.check = () => Promise.reject(unreachable());
    const lines: unknown[] = [];
    const log: Logger = { ...silentLog(), warn: (message, fields) => lines.push([message, fields]) };
    const sut = new EngineHealth(engine.asProbes, log, { ...FAST, reminderMs: 0 });
    running.push(sut);
    const started = sut.start({ changed: () => undefined, hung: () => undefined });
    await eventually('it was checked several times', () => engine.checks > 5);
    expect(sut).toMatchObject({ available: false, reason: 'ECONNREFUSED: no connection' });
    expect(lines.length).toBeGreaterThan(3);
    expect(lines[0]).toEqual(['waiting for engine', expect.objectContaining({ reason: sut.reason })]);
    engine.check = () => Promise.resolve();
    await started;
    expect(sut.available).toBe(true);
  });

  it('rejects when the engine is misconfigured', async () => {
    const engine = new FakeEngine();
    engine.check = () => Promise.reject(new EngineMisconfiguredError('the key'));
    await expect(healthOf(engine)).rejects.toThrow('the key');
    expect(engine.checks).toBe(1);
  });

  it('stops checking the engine when the worker stops', async () => {
    const engine = new FakeEngine();
    engine.check = () => Promise.reject(unreachable());
    const sut = new EngineHealth(engine.asProbes, silentLog(), FAST);
    const started = sut.start({ changed: () => undefined, hung: () => undefined });
    sut.stop();
    await started;
    const { checks } = engine;
    await sleep(50);
    expect(engine.checks).toBe(checks);
    expect(sut.available).toBe(false);
  });
});

describe('EngineHealth, when requests fail', () => {
  it('probes the engine, which stays available meanwhile, and marks it unavailable when the probes fail', async () => {
    const engine = new FakeEngine();
    const { sut, changes } = await healthOf(engine);
    engine.passes = () => false;
    fail(sut, 3);
    expect(sut).toMatchObject({ state: 'suspect', available: true });
    await eventually('it is unavailable', () => !sut.available);
    expect(changes).toEqual(['available', 'unavailable']);
  });

  it('keeps the engine available when the probes pass, since requests can be at fault', async () => {
    const engine = new FakeEngine();
    const { sut, changes } = await healthOf(engine);
    fail(sut, 3);
    await eventually('it was probed', () => engine.probes === 3 && sut.state === 'available');
    expect(changes).toEqual(['available']);
  });

  it('marks the engine unavailable when one of three probes fails', async () => {
    const engine = new FakeEngine();
    const { sut, changes } = await healthOf(engine);
    engine.passes = (probe) => probe !== 3;
    fail(sut, 3);
    await eventually('it was unavailable and recovered', () => changes.length === 3);
    expect(changes).toEqual(['available', 'unavailable', 'available']);
  });

  it('does not probe after two failures, or after failures among many successes', async () => {
    const engine = new FakeEngine();
    const { sut } = await healthOf(engine);
    for (let i = 0; i < 5; i += 1) {
      fail(sut, 1);
      for (let j = 0; j < 5; j += 1) sut.succeeded();
    }
    fail(sut, 2);
    await sleep(20);
    expect(engine.probes).toBe(0);
    expect(sut.failureRate).toBeGreaterThan(0.2);
  });

  it('limits how often failing requests cause probes', async () => {
    const engine = new FakeEngine();
    const { sut } = await healthOf(engine, { suspicionPauseMs: 60_000 });
    fail(sut, 3);
    await eventually('it was probed', () => engine.probes === 3 && sut.state === 'available');
    fail(sut, 100);
    await sleep(20);
    expect(engine.probes).toBe(3);
  });
});

describe('EngineHealth, when the engine is unreachable', () => {
  it('marks the engine unavailable after the first failed request, and recovers without one', async () => {
    const engine = new FakeEngine();
    const { sut, changes } = await healthOf(engine);
    engine.check = () => Promise.reject(unreachable());
    sut.failed(unreachable());
    expect(sut).toMatchObject({ available: false, reason: 'ECONNREFUSED: no connection' });
    await eventually('it was checked repeatedly', () => engine.checks > 4);
    expect(sut.available).toBe(false);
    engine.check = () => Promise.resolve();
    await eventually('it is available', () => sut.available);
    expect(engine.probes).toBe(3);
    expect(changes).toEqual(['available', 'unavailable', 'available']);
  });

  it('waits for a server that rejects the key of a worker that has served before', async () => {
    const engine = new FakeEngine();
    const { sut } = await healthOf(engine);
    engine.check = () => Promise.reject(new EngineMisconfiguredError('the key'));
    sut.failed(unreachable());
    await eventually('it was checked repeatedly', () => engine.checks > 4);
    expect(sut).toMatchObject({ available: false, reason: 'the key' });
    engine.check = () => Promise.resolve();
    await eventually('it is available', () => sut.available);
  });

  it('detects it while the engine is idle', async () => {
    const engine = new FakeEngine();
    const { sut } = await healthOf(engine, { checkIntervalMs: 10 });
    engine.check = () => Promise.reject(unreachable());
    await eventually('it is unavailable', () => !sut.available);
  });

  it('does not check the engine while it has work', async () => {
    const engine = new FakeEngine();
    const { sut } = await healthOf(engine, { checkIntervalMs: 10 });
    const end = sut.begin();
    const { checks } = engine;
    await sleep(60);
    expect(engine.checks - checks).toBeLessThanOrEqual(1);
    end();
    await eventually('it is checked', () => engine.checks > checks + 1);
  });
});

describe('EngineHealth, when the engine stalls', () => {
  const times = { stallMs: 30, hangMs: 150, probeTimeoutMs: 20 };
  const never = (): Promise<void> => new Promise(() => undefined);

  it('marks an engine that does not respond unavailable, and reports it as hung when that goes on', async () => {
    const engine = new FakeEngine();
    const { sut, hung } = await healthOf(engine, times);
    engine.check = never;
    sut.begin();
    await eventually('it is unavailable', () => !sut.available);
    expect(sut.reason).toBe('health probe timed out');
    await eventually('it is reported as hung', () => hung() > 0);
  });

  it('keeps an engine that responds available: its reader may be slow, its prompt long, or its slots full', async () => {
    const engine = new FakeEngine();
    const { sut, hung } = await healthOf(engine, times);
    engine.passes = () => false;
    sut.begin();
    await eventually('it was checked', () => engine.checks >= 4);
    expect(sut.available).toBe(true);
    expect(engine.probes).toBe(0);
    expect(hung()).toBe(0);
  });

  it('does not suspect an engine that produces data or has no work', async () => {
    const engine = new FakeEngine();
    const { sut } = await healthOf(engine, { ...times, stallMs: 200 });
    await sleep(250);
    sut.begin();
    for (let i = 0; i < 30; i += 1) {
      sut.progressed();
      await sleep(10);
    }
    expect(engine.probes).toBe(0);
  });
});

describe('EngineHealth, when the engine is known to be gone', () => {
  it('is unavailable at once, for the given reason, until its probes pass', async () => {
    const engine = new FakeEngine();
    const { sut, changes } = await healthOf(engine);
    engine.check = () => Promise.reject(new Error('restarting'));
    sut.lost('the server exited with code 1');
    expect(sut).toMatchObject({ available: false, reason: 'the server exited with code 1' });
    await eventually('the reason is that of the probes', () => sut.reason === 'restarting');
    engine.check = () => Promise.resolve();
    await eventually('it is available', () => sut.available);
    expect(changes.at(-1)).toBe('available');
  });

  it('keeps the reason that it has', async () => {
    const engine = new FakeEngine();
    engine.check = () => Promise.reject(new Error('loading'));
    const sut = new EngineHealth(engine.asProbes, silentLog(), FAST);
    running.push(sut);
    void sut.start({ changed: () => undefined, hung: () => undefined });
    await eventually('a check has failed', () => sut.reason === 'loading');
    sut.lost('the server exited with code 1');
    expect(sut).toMatchObject({ state: 'starting', reason: 'loading' });
  });

  it('reports the progress of its work', async () => {
    let progressed = 0;
    const sut = new EngineHealth(new FakeEngine().asProbes, silentLog(), FAST);
    running.push(sut);
    await sut.start({ changed: () => undefined, hung: () => undefined, progressed: () => (progressed += 1) });
    sut.progressed();
    sut.succeeded();
    expect(progressed).toBe(2);
  });
});
