import { emptyUsage } from '@xerotier/contracts/inference';
import type { TokenUsage } from '@xerotier/contracts/inference';
import fc from 'fast-check';
import { tokenCostMicros } from './token-cost.ts';
import type { TokenPrices } from './token-cost.ts';

const prices: TokenPrices = {
  inputMicros: 500_000n,
  cachedInputMicros: 100_000n,
  outputMicros: 1_250_000n,
  batchDiscountPercent: 50,
};

const usage = (tokens: Partial<TokenUsage>): TokenUsage => ({ ...emptyUsage(), ...tokens });
const cost = (tokens: Partial<TokenUsage>, changed: Partial<TokenPrices> = {}): bigint =>
  tokenCostMicros(usage(tokens), 'interactive', { ...prices, ...changed });

describe('tokenCostMicros', () => {
  it('charges cached prompt tokens at their own price', () => {
    expect(cost({ promptTokens: 1_000, cachedTokens: 400, completionTokens: 200 })).toBe(300n + 40n + 250n);
  });

  it('does not charge reasoning and prediction tokens again, which are completion tokens', () => {
    const tokens = { reasoningTokens: 90, acceptedPredictionTokens: 5, rejectedPredictionTokens: 5 };
    expect(cost({ completionTokens: 100, ...tokens })).toBe(cost({ completionTokens: 100 }));
  });

  it('gives the discount to the priority batch only', () => {
    const tokens = usage({ promptTokens: 1_000 });
    expect(tokenCostMicros(tokens, 'batch', prices)).toBe(250n);
    expect(tokenCostMicros(tokens, 'background', prices)).toBe(500n);
  });

  it.each([
    [0, 0n],
    [1, 1n],
    [2, 1n],
    [3, 2n],
  ])('rounds half up: %d tokens of half a micro-unit', (promptTokens, expected) => {
    expect(cost({ promptTokens })).toBe(expected);
  });

  it('rounds once, not per kind of token', () => {
    const quarter = { inputMicros: 250_000n, outputMicros: 250_000n };
    expect(cost({ promptTokens: 1, completionTokens: 1 }, quarter)).toBe(1n);
    expect(cost({ promptTokens: 1 }, quarter)).toBe(0n);
  });

  it('never charges more than all prompt tokens, if an engine reports more cached ones', () => {
    expect(cost({ promptTokens: 10, cachedTokens: 1_000 })).toBe(cost({ promptTokens: 10, cachedTokens: 10 }));
  });
});

const tokens = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const micros = fc.bigInt({ min: 0n, max: 1_000_000_000n });
const anyUsage = fc
  .record({ promptTokens: tokens, cachedTokens: tokens, completionTokens: tokens })
  .map(({ promptTokens, cachedTokens, completionTokens }) =>
    usage({ promptTokens, cachedTokens: Math.min(cachedTokens, promptTokens), completionTokens }),
  );
const anyPrices = fc.record({
  inputMicros: micros,
  cachedInputMicros: micros,
  outputMicros: micros,
  batchDiscountPercent: fc.integer({ min: 0, max: 100 }),
});

describe('tokenCostMicros, for any usage and prices', () => {
  it('is within half a micro-unit of the exact cost', () => {
    fc.assert(
      fc.property(anyUsage, anyPrices, fc.constantFrom('interactive', 'batch'), (used, price, priority) => {
        const { promptTokens, cachedTokens, completionTokens } = used;
        const paid = BigInt(priority === 'batch' ? 100 - price.batchDiscountPercent : 100);
        // In units of 1e-8 micro-units.
        const exact =
          paid *
          (BigInt(promptTokens - cachedTokens) * price.inputMicros +
            BigInt(cachedTokens) * price.cachedInputMicros +
            BigInt(completionTokens) * price.outputMicros);
        const error = tokenCostMicros(used, priority, price) * 100_000_000n - exact;
        expect(error > -50_000_000n && error <= 50_000_000n).toBe(true);
      }),
    );
  });

  it('does not fall when tokens or prices rise', () => {
    fc.assert(
      fc.property(anyUsage, anyPrices, fc.integer({ min: 1, max: 1_000 }), (used, price, more) => {
        const before = tokenCostMicros(used, 'interactive', price);
        const { completionTokens, promptTokens } = used;
        const raised = [
          tokenCostMicros({ ...used, completionTokens: completionTokens + more }, 'interactive', price),
          tokenCostMicros({ ...used, promptTokens: promptTokens + more }, 'interactive', price),
          tokenCostMicros(used, 'interactive', { ...price, outputMicros: price.outputMicros + BigInt(more) }),
        ];
        expect(raised.every((after) => after >= before)).toBe(true);
      }),
    );
  });

  it('is at most the discount cheaper for batches', () => {
    fc.assert(
      fc.property(anyUsage, anyPrices, (used, price) => {
        const full = tokenCostMicros(used, 'interactive', price);
        const discounted = tokenCostMicros(used, 'batch', price);
        expect(discounted <= full).toBe(true);
        if (price.batchDiscountPercent === 100) expect(discounted).toBe(0n);
        if (price.batchDiscountPercent === 0) expect(discounted).toBe(full);
      }),
    );
  });
});
