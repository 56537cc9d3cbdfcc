import { A100, EngineModel } from './engine-model.ts';
import type { EngineCosts } from './engine-model.ts';
import { BLOCK_TOKENS } from './sim-request.ts';
import type { SimRequest } from './sim-request.ts';

interface Seen {
  readonly id: number;
  readonly firstTokenAt: number;
  readonly endedAt: number;
  readonly cachedTokens: number;
}

/** Runs requests that come at their times. */
function run(requests: readonly SimRequest[], costs: EngineCosts = A100): Seen[] {
  const seen: Seen[] = [];
  const engine = new EngineModel(costs, {
    begin: () => undefined,
    end: ({ id }, endedAt, firstTokenAt, cachedTokens) => seen.push({ id, firstTokenAt, endedAt, cachedTokens }),
  });
  const waiting = [...requests].toSorted((a, b) => a.arrivedAt - b.arrivedAt);
  for (;;) {
    const next = waiting[0]?.arrivedAt ?? Infinity;
    if (next === Infinity && engine.nextEventAt === Infinity) return seen;
    if (next <= engine.nextEventAt) engine.submit(waiting.shift() as SimRequest, next);
    else engine.advance();
  }
}

function request(id: number, fields: Partial<SimRequest> = {}): SimRequest {
  const promptTokens = fields.promptTokens ?? 1_024;
  return {
    ...{ id, arrivedAt: 0, projectId: 'p', priority: 'interactive', promptTokens, outputTokens: 128, outputBlocks: [] },
    prefix: Array.from({ length: Math.floor(promptTokens / BLOCK_TOKENS) }, (_, at) => id * 10_000 + at),
    slo: { firstTokenMs: 1_000, nextTokenMs: 50 },
    ...fields,
  };
}

/** Of concurrent requests of 1,024 and 128 tokens that follow each other, as in the measurement. */
function tokensPerSecond(concurrency: number): number {
  const seen = run(Array.from({ length: concurrency }, (_, at) => request(at)));
  return (128 * concurrency) / (Math.max(...seen.map(({ endedAt }) => endedAt)) / 1_000);
}

describe('EngineModel', () => {
  it('has the throughput that was measured', () => {
    // 75 tokens/s, decoding alone.
    const [alone] = run([request(0)]) as [Seen];
    expect(127_000 / (alone.endedAt - alone.firstTokenAt) / 75).toBeCloseTo(1, 1);
    expect(tokensPerSecond(8) / tokensPerSecond(1) / 6.6).toBeCloseTo(1, 0);
  });

  it('computes a prompt that it has had only once', () => {
    const shared = request(1).prefix;
    const [first, second] = run([request(1), request(2, { arrivedAt: 10_000, prefix: shared })]) as [Seen, Seen];
    expect(first.cachedTokens).toBe(0);
    expect(second.cachedTokens).toBe(1_023);
    expect(second.firstTokenAt - 10_000).toBeLessThan(first.firstTokenAt / 5);
  });

  it('evicts what was used least recently, the end of a prompt first', () => {
    const costs = { ...A100, kvTokens: 40 * BLOCK_TOKENS };
    const a = request(1, { outputTokens: 1 });
    const seen = run(
      [
        a,
        request(2, { arrivedAt: 1_000, outputTokens: 1 }),
        request(3, { arrivedAt: 2_000, outputTokens: 1 }),
        request(4, { arrivedAt: 3_000, outputTokens: 1, prefix: a.prefix }),
      ],
      costs,
    );
    const cached = (seen.find(({ id }) => id === 4) as Seen).cachedTokens;
    expect(cached).toBeGreaterThan(0);
    expect(cached).toBeLessThan(1_023);
  });

  it('lets requests wait that have no memory, in their order, and ends all', () => {
    const costs = { ...A100, kvTokens: 3 * 1_200 };
    const seen = run(
      Array.from({ length: 20 }, (_, at) => request(at)),
      costs,
    );
    expect(seen.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, at) => at));
    const starts = seen.toSorted((a, b) => a.id - b.id).map(({ firstTokenAt }) => firstTokenAt);
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
  });

  it('delays tokens of others while it computes a long prompt', () => {
    const alone = run([request(1, { outputTokens: 200 })]).find(({ id }) => id === 1) as Seen;
    const beside = run([
      request(1, { outputTokens: 200 }),
      request(2, { arrivedAt: 500, promptTokens: 20_000, outputTokens: 1 }),
    ]).find(({ id }) => id === 1) as Seen;
    expect(beside.endedAt - alone.endedAt).toBeGreaterThan(1_500);
  });
});
