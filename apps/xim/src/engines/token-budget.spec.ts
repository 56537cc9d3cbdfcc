import { requestedMaxTokens, tokenBudget } from './token-budget.ts';
import { aChatRequest } from './testing/jobs.ts';

describe('tokenBudget', () => {
  it('returns the requested limit when there is room', () => {
    expect(tokenBudget(10, 90, 100)).toEqual({ maxTokens: 10 });
  });

  it('clamps a limit that does not fit, and reports the requested one', () => {
    expect(tokenBudget(11, 90, 100)).toEqual({ maxTokens: 10, clampedFrom: 11 });
  });

  it('returns all room when no limit was requested', () => {
    expect(tokenBudget(undefined, 99, 100)).toEqual({ maxTokens: 1 });
  });

  it('rejects a prompt that leaves no room, with the numbers', () => {
    expect(() => tokenBudget(1, 100, 100)).toThrow(
      /^The prompt has 100 tokens, which leaves no room in the context of 100 tokens/,
    );
  });
});

describe('requestedMaxTokens', () => {
  it('prefers max_completion_tokens over max_tokens', () => {
    expect(requestedMaxTokens(aChatRequest({ max_tokens: 5, max_completion_tokens: 7 }))).toBe(7);
    expect(requestedMaxTokens(aChatRequest({ max_tokens: 5 }))).toBe(5);
    expect(requestedMaxTokens(aChatRequest())).toBeUndefined();
  });
});
