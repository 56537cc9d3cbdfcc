import { z } from 'zod';

const tokens = z.number().int().nonnegative();

export const tokenUsage = z.object({
  promptTokens: tokens,
  /** Prompt tokens that the engine reused from its cache. */
  cachedTokens: tokens,
  completionTokens: tokens,
  reasoningTokens: tokens.default(0),
  acceptedPredictionTokens: tokens.default(0),
  rejectedPredictionTokens: tokens.default(0),
});
export type TokenUsage = z.infer<typeof tokenUsage>;

const zero = tokenUsage.parse({ promptTokens: 0, cachedTokens: 0, completionTokens: 0 });

/** Returns a new object each time, since engines mutate it. */
export function emptyUsage(): TokenUsage {
  return { ...zero };
}

/** Returns what was computed before an error, if its details say so. Workers are not trusted: what is not a usage is none. */
export function usageOfError({
  details,
}: {
  readonly details: Readonly<Record<string, unknown>>;
}): TokenUsage | undefined {
  return tokenUsage.safeParse(details['usage']).data;
}

/** Returns the sum of two usages. */
export function addUsage(a: TokenUsage, b: TokenUsage): TokenUsage {
  const sum = { ...a };
  for (const name of Object.keys(zero) as (keyof TokenUsage)[]) sum[name] += b[name];
  return sum;
}

/**
 * Returns the usage of a request from that of its choices, by index. The prompt counts once, as in the
 * first choice that has a usage: all choices have the same one.
 */
export function usageOfChoices(usages: ReadonlyMap<number, TokenUsage>): TokenUsage {
  const total = [...usages.values()].reduce(addUsage, emptyUsage());
  const { promptTokens, cachedTokens } = usages.get(Math.min(...usages.keys())) ?? zero;
  return { ...total, promptTokens, cachedTokens };
}
