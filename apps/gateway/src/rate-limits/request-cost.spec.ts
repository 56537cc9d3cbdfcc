import { emptyUsage } from '@xerotier/contracts/inference';
import fc from 'fast-check';
import { costMicros, maxCostMicros } from './request-cost.ts';

const price = { inputMicros: 500_000, cachedInputMicros: 125_000, outputMicros: 1_250_000 };

describe('costMicros', () => {
  it('rounds half up, once', () => {
    const usage = { ...emptyUsage(), promptTokens: 1 };
    expect(costMicros(usage, price)).toBe(1);
    expect(costMicros({ ...usage, cachedTokens: 1 }, price)).toBe(0);
    expect(costMicros({ ...usage, completionTokens: 2 }, price)).toBe(3);
  });

  it('is that of the ledger', () => {
    const tokens = fc.nat({ max: 3_000_000 });
    const micros = fc.nat({ max: 1_000_000_000 });
    fc.assert(
      fc.property(tokens, tokens, tokens, micros, micros, micros, (prompt, cached, completion, a, b, c) => {
        const usage = { ...emptyUsage(), promptTokens: prompt, cachedTokens: cached, completionTokens: completion };
        const used = BigInt(Math.min(prompt, cached));
        const full = (BigInt(prompt) - used) * BigInt(a) + used * BigInt(b) + BigInt(completion) * BigInt(c);
        const expected = (full + 500_000n) / 1_000_000n;
        const actual = costMicros(usage, { inputMicros: a, cachedInputMicros: b, outputMicros: c });
        expect(BigInt(actual)).toBe(expected);
      }),
    );
  });
});

describe('maxCostMicros', () => {
  it('is the cost of all tokens without a cache, rounded up', () => {
    expect(maxCostMicros({ promptTokens: 1, completionTokens: 2 }, price)).toBe(3);
    expect(maxCostMicros({ promptTokens: 1, completionTokens: 2, completionTokensMax: 4 }, price)).toBe(6);
    expect(maxCostMicros({ promptTokens: 1, promptTokensMax: () => 4, completionTokens: 0 }, price)).toBe(2);
    expect(
      maxCostMicros({ promptTokens: 10, completionTokens: 10 }, { ...price, inputMicros: 0, outputMicros: 0 }),
    ).toBe(2);
  });
});
