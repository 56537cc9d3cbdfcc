import { emptyUsage, usageOfChoices, usageOfError } from './token-usage.ts';
import type { TokenUsage } from './token-usage.ts';

const usage = (overrides: Partial<TokenUsage>): TokenUsage => ({ ...emptyUsage(), ...overrides });

describe('usageOfChoices', () => {
  it('counts the prompt once and adds up the completions', () => {
    const usages = new Map([
      [1, usage({ promptTokens: 10, cachedTokens: 9, completionTokens: 5, reasoningTokens: 1 })],
      [0, usage({ promptTokens: 10, cachedTokens: 4, completionTokens: 7, rejectedPredictionTokens: 2 })],
    ]);
    expect(usageOfChoices(usages)).toEqual(
      usage({
        promptTokens: 10,
        cachedTokens: 4,
        completionTokens: 12,
        reasoningTokens: 1,
        rejectedPredictionTokens: 2,
      }),
    );
  });

  it('takes the prompt of the first choice that reported, without choice 0', () => {
    const usages = new Map([
      [2, usage({ promptTokens: 10, cachedTokens: 3, completionTokens: 5 })],
      [1, usage({ promptTokens: 10, cachedTokens: 6, completionTokens: 5 })],
    ]);
    expect(usageOfChoices(usages)).toMatchObject({ promptTokens: 10, cachedTokens: 6, completionTokens: 10 });
  });

  it('is empty without choices', () => {
    expect(usageOfChoices(new Map())).toEqual(emptyUsage());
  });
});

describe('usageOfError', () => {
  it('returns the usage that an error reports', () => {
    const reported = usage({ promptTokens: 3 });
    expect(usageOfError({ details: { usage: reported } })).toEqual(reported);
  });

  it.each([{}, { usage: null }, { usage: 'x' }, { usage: { promptTokens: -1 } }, { usage: { promptTokens: 1 } }])(
    'returns none for %j',
    (details) => {
      expect(usageOfError({ details })).toBeUndefined();
    },
  );
});
