import { setImmediate } from 'node:timers/promises';
import { FairSlots } from './fair-slots.ts';

const NEVER = new AbortController().signal;

/** Work that runs until it is ended, by its name. */
function newWork(slots: FairSlots): {
  readonly running: () => string;
  readonly start: (name: string, signal?: AbortSignal) => Promise<unknown>;
  readonly end: (name: string) => Promise<void>;
} {
  const ends = new Map<string, () => void>();
  return {
    running: () => [...ends.keys()].join(' '),
    start: (name, signal = NEVER) =>
      slots.run(name[0] as string, signal, () => new Promise<void>((resolve) => ends.set(name, resolve))),
    end: async (name) => {
      ends.get(name)?.();
      ends.delete(name);
      await setImmediate();
    },
  };
}

describe('FairSlots', () => {
  it('gives a project its share, others the rest, and then whoever waits longest and may run', async () => {
    const { running, start, end } = newWork(new FairSlots({ max: 3, perProject: 2, waitingPerProject: 9 }));
    const all = ['a1', 'a2', 'a3', 'b1', 'b2', 'a4'].map((name) => start(name));
    await setImmediate();
    expect(running()).toBe('a1 a2 b1');
    await end('b1');
    expect(running()).toBe('a1 a2 b2');
    await end('a1');
    expect(running()).toBe('a2 b2 a3');
    for (const name of ['b2', 'a2', 'a3', 'a4']) await end(name);
    await Promise.all(all);
  });

  it('rejects what would wait beyond the limit, of that project only', async () => {
    const { running, start, end } = newWork(new FairSlots({ max: 1, perProject: 1, waitingPerProject: 1 }));
    const all = [start('a1'), start('a2'), start('b1')];
    await expect(start('a3')).rejects.toMatchObject({ code: 'file.too_many_readings', status: 503 });
    for (const name of ['a1', 'a2', 'b1']) await end(name);
    await Promise.all(all);
    expect(running()).toBe('');
  });

  it('gives no slot to whoever is gone, and frees that of work that fails', async () => {
    const slots = new FairSlots({ max: 1, perProject: 1, waitingPerProject: 9 });
    const { running, start, end } = newWork(slots);
    const gone = new AbortController();
    const first = start('a1');
    const waiting = start('a2', gone.signal);
    const last = start('a3');
    gone.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    await expect(start('a4', gone.signal)).rejects.toThrow('gone');
    await end('a1');
    expect(running()).toBe('a3');
    await end('a3');
    await Promise.all([first, last]);
    await expect(slots.run('a', NEVER, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    await expect(slots.run('a', NEVER, () => Promise.resolve(1))).resolves.toBe(1);
  });
});
