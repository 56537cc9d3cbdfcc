import { capturedLog } from '@xerotier/log/testing';
import { mock } from 'node:test';
import { setImmediate as settled } from 'node:timers/promises';
import { PeriodicTask } from './periodic-task.ts';

class Task extends PeriodicTask {
  readonly runs: PromiseWithResolvers<void>[] = [];

  constructor(options: { readonly startsAtOnce?: boolean } = {}) {
    super({
      intervalMs: 1_000,
      failure: 'task failed, retrying',
      fields: { task: 'test' },
      log: captured.log,
      ...options,
    });
  }

  protected override run(): Promise<void> {
    const run = Promise.withResolvers<void>();
    this.runs.push(run);
    return run.promise;
  }

  get stops(): boolean {
    return this.isStopping;
  }

  end(): void {
    this.stopRepeating();
  }

  now(): Promise<void> {
    return this.runNow();
  }
}

let captured: ReturnType<typeof capturedLog>;

beforeEach(() => {
  captured = capturedLog();
  mock.timers.enable({ apis: ['setInterval'] });
});

afterEach(() => mock.timers.reset());

describe('a periodic task', () => {
  it('runs after each interval, not before the first', () => {
    const task = new Task();
    task.onApplicationBootstrap();
    mock.timers.tick(999);
    expect(task.runs).toHaveLength(0);
    mock.timers.tick(1);
    expect(task.runs).toHaveLength(1);
  });

  it('runs at once if it is to', () => {
    const task = new Task({ startsAtOnce: true });
    task.onApplicationBootstrap();
    expect(task.runs).toHaveLength(1);
  });

  it('does not run twice at the same time', async () => {
    const task = new Task();
    task.onApplicationBootstrap();
    mock.timers.tick(3_000);
    const joined = task.now();
    expect(task.runs).toHaveLength(1);
    task.runs[0]?.resolve();
    await joined;
    mock.timers.tick(1_000);
    expect(task.runs).toHaveLength(2);
  });

  it('logs a failure, and runs again', async () => {
    const task = new Task();
    task.onApplicationBootstrap();
    mock.timers.tick(1_000);
    task.runs[0]?.reject(new Error('no connection'));
    await settled();
    expect(captured.lines()).toEqual([
      expect.objectContaining({ level: 'warn', msg: 'task failed, retrying', task: 'test' }),
    ]);
    expect(captured.text()).toContain('no connection');
    mock.timers.tick(1_000);
    expect(task.runs).toHaveLength(2);
  });

  it('ends when the module is destroyed, after the current run', async () => {
    const task = new Task();
    task.onApplicationBootstrap();
    mock.timers.tick(1_000);
    let isDestroyed = false;
    const destroyed = task.onModuleDestroy().then(() => (isDestroyed = true));
    await settled();
    expect([task.stops, isDestroyed]).toEqual([true, false]);
    task.runs[0]?.resolve();
    await destroyed;
    mock.timers.tick(5_000);
    expect(task.runs).toHaveLength(1);
  });

  it('can end by itself', () => {
    const task = new Task();
    task.onApplicationBootstrap();
    mock.timers.tick(1_000);
    task.end();
    mock.timers.tick(5_000);
    expect(task.runs).toHaveLength(1);
  });
});
