import { Scheduler } from './scheduler.ts';
import type { SchedulerOptions } from './scheduler.ts';
import { SIGNAL_NAMES, signals } from './signals.ts';
import type { Candidate, PlacementRequest } from './signals.ts';

const request = (fields: Partial<PlacementRequest> = {}): PlacementRequest => ({
  ...{ projectId: 'project', promptTokens: 640, prefix: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], blockTokens: 64 },
  ...fields,
});

const worker = (workerId: string, fields: Partial<Candidate> = {}): Candidate => ({
  ...{ workerId, slots: 8, used: 0, failureRate: 0, heartbeatAgeMs: 100, availableForMs: 60_000 },
  ...{ isLoaded: true, isOwn: false },
  ...fields,
});

const newScheduler = (options: SchedulerOptions = {}): Scheduler =>
  new Scheduler({ exploration: 0, random: () => 0.5, ...options });

/** Random numbers that are always the same. */
function lehmer(): () => number {
  let seed = 1;
  return () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
}

/** Whom it chooses of two that differ only in this. */
function preferred(good: Partial<Candidate>, bad: Partial<Candidate>, asked = request()): string {
  const scheduler = newScheduler();
  const [first, second] = [worker('a', bad), worker('b', good)];
  const choices = [
    [first, second],
    [second, first],
  ].map((candidates) => scheduler.choose(asked, candidates).workerId);
  expect(new Set(choices).size).toBe(1);
  return choices[0] === 'b' ? 'good' : 'bad';
}

describe('the choice', () => {
  it.each<[string, Partial<Candidate>, Partial<Candidate>]>([
    ['has the model loaded', {}, { isLoaded: false }],
    ['has fewer requests', { used: 1 }, { used: 5 }],
    ['has a larger share of its slots free', { used: 5, slots: 16 }, { used: 4, slots: 8 }],
    ['has memory for the cache', { kvUsage: 0.5 }, { kvUsage: 0.97 }],
    ['has no requests waiting in its engine', {}, { waiting: 4 }],
    ['does not fail', {}, { failureRate: 0.2 }],
    ['was heard of lately', {}, { heartbeatAgeMs: 2_900 }],
    ['has not just joined', {}, { availableForMs: 0 }],
    ['belongs to the project', { isOwn: true }, {}],
  ])('is a worker that %s', (_, good, bad) => {
    expect(preferred(good, bad)).toBe('good');
  });

  it('is a worker in the region of the request', () => {
    expect(preferred({ region: 'eu' }, { region: 'us' }, request({ region: 'eu' }))).toBe('good');
    expect(preferred({ region: 'us', used: 0 }, { region: 'eu', used: 1 })).toBe('good');
  });

  it('is the worker that has the prompt in its cache', () => {
    const scheduler = newScheduler();
    scheduler.place('lease', 'b', request());
    scheduler.end('lease');
    const { workerId, candidates } = scheduler.choose(request(), [worker('a'), worker('b')]);
    expect(workerId).toBe('b');
    expect(candidates.map(({ cachedTokens }) => cachedTokens)).toEqual([640, 0]);
    expect(scheduler.choose(request({ prefix: [90, 91] }), [worker('a'), worker('b', { used: 1 })]).workerId).toBe('a');
  });

  it('is another one as long as that worker computes many prompts', () => {
    const scheduler = newScheduler();
    const long = Array.from({ length: 200 }, (_, at) => 1_000 + at);
    scheduler.place('shared', 'b', request());
    scheduler.begin('shared', 100);
    for (const lease of ['x', 'y']) {
      const prefix = long.map((block) => block + (lease === 'x' ? 0 : 1_000));
      scheduler.place(lease, 'b', request({ promptTokens: 12_800, prefix }));
    }
    const candidates = [worker('a'), worker('b', { used: 3 })];
    expect(scheduler.choose(request(), candidates).workerId).toBe('a');
    for (const lease of ['x', 'y']) scheduler.begin(lease, 1_000);
    expect(scheduler.choose(request(), [worker('a'), worker('b', { used: 1 })]).workerId).toBe('b');
  });

  it('learns which engine is slow', () => {
    const scheduler = newScheduler();
    for (let at = 0; at < 20; at += 1)
      for (const [workerId, ms] of [
        ['a', 2_000],
        ['b', 100],
      ] as const) {
        scheduler.place(`${workerId}${at}`, workerId, request({ prefix: [] }));
        scheduler.begin(`${workerId}${at}`, ms);
        scheduler.end(`${workerId}${at}`, ms / 10);
      }
    expect(scheduler.choose(request({ prefix: [] }), [worker('a'), worker('b')]).workerId).toBe('b');
    const targets = { firstTokenMs: 500 };
    const { candidates } = scheduler.choose(request({ prefix: [], targets }), [worker('a'), worker('b')]);
    expect(candidates.map(({ workerId, values }) => [workerId, values.first_token > 0])).toEqual([
      ['b', true],
      ['a', false],
    ]);
  });

  it('stays with the first worker of a session', () => {
    const scheduler = newScheduler();
    const fleet = ['a', 'b', 'c', 'd'].map((id) => worker(id));
    const homes = Array.from({ length: 100 }, (_, at) => {
      const asked = request({ prefix: [], affinityKey: `key ${at}` });
      const first = scheduler.choose(asked, fleet).workerId;
      expect(scheduler.choose(asked, fleet.toReversed()).workerId).toBe(first);
      return first;
    });
    expect(new Set(homes).size).toBe(4);
  });

  it('spreads the requests of a project', () => {
    const scheduler = newScheduler();
    scheduler.place('lease', 'a', request({ prefix: [] }));
    scheduler.begin('lease', 60);
    expect(scheduler.choose(request({ prefix: [] }), [worker('a'), worker('b')]).workerId).toBe('b');
  });

  it('is drawn among workers that are equally good', () => {
    const scheduler = newScheduler({ random: lehmer() });
    const chosen = Array.from({ length: 60 }, () => scheduler.choose(request(), [worker('a'), worker('b')]).workerId);
    expect(chosen.filter((each) => each === 'a').length).toBeGreaterThan(15);
    expect(chosen.filter((each) => each === 'b').length).toBeGreaterThan(15);
  });

  it('is sometimes any candidate, as often as is configured', () => {
    const scheduler = newScheduler({ exploration: 0.2, random: lehmer() });
    const reasons = Array.from({ length: 2_000 }, () =>
      scheduler.choose(request(), [worker('a'), worker('b', { failureRate: 0.2 })]),
    );
    expect(reasons.filter(({ reason }) => reason === 'exploration').length / 2_000).toBeCloseTo(0.2, 1);
    expect(reasons.filter(({ workerId }) => workerId === 'b').length / 2_000).toBeCloseTo(0.1, 1);
  });

  it('says why: each signal of each candidate', () => {
    const { candidates, reason } = newScheduler().choose(request(), [worker('a'), worker('b', { used: 4 })]);
    expect(reason).toBe('best');
    for (const { values, score } of candidates) {
      expect(Object.keys(values)).toEqual(SIGNAL_NAMES);
      for (const value of Object.values(values)) expect(value).toBeGreaterThanOrEqual(0);
      for (const value of Object.values(values)) expect(value).toBeLessThanOrEqual(1);
      const sum = SIGNAL_NAMES.reduce((total, name) => total + signals[name].weight * values[name], 0);
      expect(score).toBeCloseTo(sum, 6);
    }
  });

  it('says of many candidates only which are the best, and which one was chosen', () => {
    const fleet = Array.from({ length: 30 }, (_, at) => worker(`worker-${at}`, { used: at, slots: 40 }));
    const { candidates } = newScheduler().choose(request(), fleet);
    expect(candidates.map(({ workerId }) => workerId)).toEqual(fleet.slice(0, 8).map(({ workerId }) => workerId));
    const explored = newScheduler({ exploration: 1, random: () => 0.9 }).choose(request(), fleet);
    expect(explored).toMatchObject({ workerId: 'worker-27', reason: 'exploration' });
    expect(explored.candidates.map(({ workerId }) => workerId)).toContain('worker-27');
  });

  it('follows configured weights', () => {
    const scheduler = newScheduler({ weights: { load: 0, hint: 0, fair_share: 0, next_token: 0 } });
    const { candidates } = scheduler.choose(request(), [worker('a'), worker('b', { used: 7 })]);
    expect(candidates[0]?.score).toBeCloseTo(candidates[1]?.score as number, 6);
  });
});

describe('the memory of a worker', () => {
  it('is gone with it', () => {
    const scheduler = newScheduler();
    scheduler.place('lease', 'a', request());
    scheduler.removeWorker('a');
    expect(scheduler.memoryOf('a').running).toBe(0);
    expect(scheduler.choose(request(), [worker('a')]).candidates[0]?.cachedTokens).toBe(0);
    // What it was doing ends later, or never.
    scheduler.end('lease');
  });

  it('has no requests left when all have ended, however they ended', () => {
    const scheduler = newScheduler();
    for (let at = 0; at < 30; at += 1) scheduler.place(`lease ${at}`, 'a', request({ projectId: `project ${at % 3}` }));
    for (let at = 0; at < 20; at += 1) scheduler.begin(`lease ${at}`, 50);
    for (let at = 0; at < 30; at += 1) scheduler.end(`lease ${at}`, at < 10 ? 20 : undefined);
    scheduler.end('lease 1');
    scheduler.begin('lease 2', 1);
    const memory = scheduler.memoryOf('a');
    expect([memory.running, memory.pendingTokens, memory.runningOf('project 0')]).toEqual([0, 0, 0]);
  });
});
