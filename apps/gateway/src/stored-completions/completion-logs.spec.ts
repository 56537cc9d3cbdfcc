import { BYTES_MAX, CompletionLogs } from './completion-logs.ts';

let sut: CompletionLogs;
beforeEach(() => {
  sut = new CompletionLogs();
});
afterEach(() => sut.onModuleDestroy());

const address = (completionId: string, projectId = 'proj_1') => ({ completionId, projectId, endpointId: 'chat' });
const event = Buffer.from('data: {}\n\n');

describe('CompletionLogs', () => {
  it('keeps events with their ids', () => {
    const log = sut.begin(address('a'));
    expect(log.add(event).toString()).toBe('id: 0\ndata: {}\n\n');
    log.add(event);
    expect(sut.find(address('a'))?.at(1)?.toString()).toBe('id: 1\ndata: {}\n\n');
    expect(log.at(2)).toBeUndefined();
  });

  it('finds completions of their project and endpoint only', () => {
    const log = sut.begin(address('a'));
    expect(sut.find({ completionId: 'a', projectId: 'proj_1' })).toBe(log);
    expect(sut.find(address('a', 'proj_2'))).toBeUndefined();
    expect(sut.find({ ...address('a'), endpointId: 'other' })).toBeUndefined();
    expect(sut.find(address('b'))).toBeUndefined();
  });

  it('drops those that have ended first when there are too many, then the oldest ones that run', () => {
    const quarter = Buffer.alloc(BYTES_MAX / 4);
    const [running, first, second] = ['running', 'first', 'second'].map((id) => sut.begin(address(id)));
    for (const log of [second, first, running]) log?.add(quarter);
    first?.end();
    second?.end();
    const newest = sut.begin(address('newest'));
    newest.add(quarter);
    expect(first?.isDropped).toBe(true);
    expect([running?.isDropped, second?.isDropped, newest.isDropped]).toEqual([false, false, false]);
    for (let n = 0; n < 3; n += 1) newest.add(quarter);
    expect([second?.isDropped, running?.isDropped]).toEqual([true, true]);
    expect(sut.find(address('running'))).toBeUndefined();
    // A log that is larger than all of the room is not kept, and its client gets events with ids all the same.
    newest.add(quarter);
    expect(newest.isDropped).toBe(true);
    expect(newest.add(event).toString()).toBe('id: 5\ndata: {}\n\n');
    const next = sut.begin(address('next'));
    for (let n = 0; n < 3; n += 1) next.add(quarter);
    expect(next.isDropped).toBe(false);
  });

  it('wakes those who wait for more, for the end, and when it is dropped', async () => {
    const log = sut.begin(address('a'));
    const { signal } = new AbortController();
    for (const change of [() => log.add(event), () => log.end(), () => sut.drop('a')]) {
      const changed = log.changed(signal);
      change();
      await changed;
    }
    await log.changed(AbortSignal.timeout(1));
    expect(log.isDropped).toBe(true);
  });
});
