import { TokenTotals } from '../validation/token-totals.ts';
import type { LineTokens } from '../validation/validate-line.ts';
import { estimateOf } from './estimate.ts';
import type { SelectedEndpoint } from './estimate.ts';

const PRICE = {
  ...{ version: 1, validFrom: 0, inputMicros: 2_000_000, cachedInputMicros: 0, outputMicros: 10_000_000 },
  batchDiscountPercent: 50,
};
const prices = new Map([
  ['half', PRICE],
  ['full', { ...PRICE, batchDiscountPercent: 0 }],
  ['free', null],
]);
const bounded: LineTokens = { prompt: 100, completion: 10, choices: 1 };
const unbounded: LineTokens = { prompt: 100, completion: undefined, choices: 2 };

function estimate(...lines: [SelectedEndpoint, ...LineTokens[]][]): ReturnType<typeof estimateOf> {
  const tokens = lines.map(([endpoint, ...of]) => {
    const totals = new TokenTotals();
    for (const line of of) totals.add('model', line);
    return { endpoint, tokens: totals.byModel.get('model')! };
  });
  return estimateOf(tokens, prices);
}

describe('estimateOf', () => {
  it('prices the input alone, and with the most output, with the discount of the tier', () => {
    const result = estimate([{ slug: 'a', tier: 'half' }, bounded, bounded]);
    const expected = { lines: 2, promptTokens: 200, completionTokens: 20, costMicrosMin: 200, costMicrosMax: 300 };
    expect(result).toEqual({ ...expected, endpoints: [{ slug: 'a', tier: 'half', ...expected }] });
  });

  it.each<[string, Partial<SelectedEndpoint>, number]>([
    ['the endpoint has a maximum', { completionTokensMax: 30, contextTokens: 500 }, 2 * 30],
    ['the context is known', { contextTokens: 500 }, 2 * 400],
    ['the context is too short', { contextTokens: 50 }, 0],
    ['nothing is known', {}, 2 * 1_024],
  ])('bounds completions without a maximum if %s', (_, more, completionTokens) => {
    const result = estimate([{ slug: 'a', tier: 'half', ...more }, unbounded, bounded]);
    expect(result.completionTokens).toBe(completionTokens + 10);
  });

  it('adds models of the same endpoint up, and has the endpoint with the most lines first', () => {
    const [half, full] = [
      { slug: 'a', tier: 'half' },
      { slug: 'b', tier: 'full' },
    ];
    const result = estimate([full, bounded], [half, bounded], [half, bounded]);
    expect(result).toMatchObject({
      ...{ lines: 3, costMicrosMin: 200 + 200, costMicrosMax: 300 + 300 },
      endpoints: [
        { slug: 'a', lines: 2, costMicrosMin: 200 },
        { slug: 'b', lines: 1, costMicrosMin: 200 },
      ],
    });
  });

  it('has no cost if a tier has no price', () => {
    const result = estimate([{ slug: 'a', tier: 'half' }, bounded], [{ slug: 'b', tier: 'free' }, bounded]);
    expect(result).toMatchObject({ costMicrosMin: null, costMicrosMax: null });
    expect(result.endpoints.map(({ costMicrosMax }) => costMicrosMax)).toEqual([150, null]);
    expect(estimate([{ slug: 'c', tier: 'unknown' }, bounded]).costMicrosMin).toBeNull();
  });

  it('names at most 100 endpoints, and counts all', () => {
    const endpoints = Array.from({ length: 101 }, (_, at): [SelectedEndpoint, LineTokens] => [
      { slug: `e-${at}`, tier: 'half' },
      bounded,
    ]);
    const result = estimate(...endpoints);
    expect([result.lines, result.endpoints.length]).toEqual([101, 100]);
  });
});

describe('TokenTotals', () => {
  it('takes 1,024 tokens of the allowance for a completion without a maximum', () => {
    const totals = new TokenTotals();
    totals.add('a', bounded);
    totals.add('b', unbounded);
    expect(totals.enqueued).toBe(110 + 100 + 2 * 1_024);
    expect([...totals.byModel.keys()]).toEqual(['a', 'b']);
  });
});
