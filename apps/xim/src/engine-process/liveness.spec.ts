import { Liveness } from './liveness.ts';
import type { ServerLoad } from './server-load.ts';

const HANG_MS = 400;

function aLoad(running: number, waiting: number, steps: number | undefined): ServerLoad {
  const others = { promptTokens: 0, generationTokens: 0, prefixCacheQueries: 0, prefixCacheHits: 0 };
  return { running, waiting, kvCacheUsage: 0, totals: { ...others, steps } };
}

describe('Liveness', () => {
  it('takes a server that does not respond as unhealthy, then as hung', () => {
    const liveness = new Liveness(HANG_MS, 0);
    liveness.reported(aLoad(0, 0, 0), 400);
    expect([100, 101, 400, 401].map((now) => liveness.verdict(now))).toEqual([
      'works',
      'unhealthy',
      'unhealthy',
      'hung',
    ]);
    liveness.responded(401);
    expect(liveness.verdict(402)).toBe('works');
  });

  it.each([
    ['running', 1, 0],
    ['waiting', 0, 1],
  ])('takes a server that responds, but has %s requests without any step, as hung', (_, running, waiting) => {
    const liveness = new Liveness(HANG_MS, 0);
    for (const now of [0, 200, 401]) {
      liveness.responded(now);
      liveness.reported(aLoad(running, waiting, 7), now);
    }
    expect(liveness.verdict(401)).toBe('hung');
  });

  it.each([
    ['steps', (now: number) => aLoad(1, 1, now)],
    ['has no requests', () => aLoad(0, 0, 7)],
    ['does not count steps', () => aLoad(1, 1, undefined)],
  ])('takes a server that %s as working', (_, loadAt) => {
    const liveness = new Liveness(HANG_MS, 0);
    for (const now of [0, 200, 401, 800]) {
      liveness.responded(now);
      liveness.reported(loadAt(now), now);
    }
    expect(liveness.verdict(801)).toBe('works');
  });

  it('takes a server as working while data of its work arrives, whatever it responds', () => {
    const liveness = new Liveness(HANG_MS, 0);
    for (const now of [0, 200, 401, 800]) {
      liveness.reported(aLoad(1, 0, 7), now);
      liveness.progressed(now);
    }
    expect(liveness.verdict(801)).toBe('works');
  });
});
