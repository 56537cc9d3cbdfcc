import type { TierRecord } from '@xerotier/contracts/auth';
import type { BatchEstimate } from '@xerotier/contracts/batch';
import { ESTIMATED_ENDPOINTS_MAX } from '@xerotier/contracts/batch';
import type { batchEndpointsContract } from '@xerotier/contracts/gateway';
import type { z } from 'zod';
import { COMPLETION_TOKENS } from '../validation/token-totals.ts';
import type { ModelTokens } from '../validation/token-totals.ts';

type SelectEndpoints = (typeof batchEndpointsContract.operations)['selectEndpoints'];
/** The endpoint that a model selects. */
export type SelectedEndpoint = z.output<SelectEndpoints['output']>['endpoints'][number];

type Price = NonNullable<TierRecord['price']>;
type Estimated = Omit<BatchEstimate, 'endpoints' | 'allowance'>;
type EndpointEstimate = BatchEstimate['endpoints'][number];

/** The tokens and costs of lines by the endpoints of their models, and together. @param prices of tiers. */
export function estimateOf(
  lines: readonly { readonly endpoint: SelectedEndpoint; readonly tokens: ModelTokens }[],
  prices: ReadonlyMap<string, Price | null>,
): Omit<BatchEstimate, 'allowance'> {
  const byEndpoint = Map.groupBy(lines, ({ endpoint }) => endpoint.slug);
  const endpoints = [...byEndpoint.values()].map((ofEndpoint): EndpointEstimate => {
    const [{ endpoint }] = ofEndpoint as [(typeof ofEndpoint)[number]];
    const { slug, tier } = endpoint;
    const counts = {
      lines: sumOf(ofEndpoint, ({ tokens }) => tokens.lines),
      promptTokens: sumOf(ofEndpoint, ({ tokens }) => tokens.prompt),
      completionTokens: sumOf(ofEndpoint, ({ tokens }) => completionTokensOf(tokens, endpoint)),
    };
    return { slug, tier, ...counts, ...costsOf(counts, prices.get(tier) ?? null) };
  });
  return {
    lines: sumOf(endpoints, (each) => each.lines),
    promptTokens: sumOf(endpoints, ({ promptTokens }) => promptTokens),
    completionTokens: sumOf(endpoints, ({ completionTokens }) => completionTokens),
    costMicrosMin: costOf(endpoints, ({ costMicrosMin }) => costMicrosMin),
    costMicrosMax: costOf(endpoints, ({ costMicrosMax }) => costMicrosMax),
    endpoints: endpoints.toSorted((one, other) => other.lines - one.lines).slice(0, ESTIMATED_ENDPOINTS_MAX),
  };
}

/** At most. A completion without a maximum has that of its endpoint, or what the prompt leaves of the context. */
function completionTokensOf(
  { completion, unbounded, unboundedPrompt }: ModelTokens,
  { completionTokensMax, contextTokens }: SelectedEndpoint,
): number {
  if (completionTokensMax !== undefined) return completion + unbounded * completionTokensMax;
  if (contextTokens === undefined) return completion + unbounded * COMPLETION_TOKENS;
  return completion + Math.max(0, unbounded * contextTokens - unboundedPrompt);
}

/** In micro-units with the batch discount, rounded half up. */
function costsOf(
  { promptTokens, completionTokens }: Pick<Estimated, 'promptTokens' | 'completionTokens'>,
  price: Price | null,
): Pick<Estimated, 'costMicrosMin' | 'costMicrosMax'> {
  if (price === null) return { costMicrosMin: null, costMicrosMax: null };
  const discounted = (full: bigint): number =>
    Number((full * BigInt(100 - price.batchDiscountPercent) + HALF) / (2n * HALF));
  const input = BigInt(promptTokens) * BigInt(price.inputMicros);
  const output = BigInt(completionTokens) * BigInt(price.outputMicros);
  return { costMicrosMin: discounted(input), costMicrosMax: discounted(input + output) };
}

/** Of what prices and percentages are multiplied with. */
const HALF = 50n * 1_000_000n;

function sumOf<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((sum, value) => sum + of(value), 0);
}

function costOf<T>(values: readonly T[], of: (value: T) => number | null): number | null {
  return values.reduce<number | null>((sum, value) => {
    const cost = of(value);
    return sum === null || cost === null ? null : sum + cost;
  }, 0);
}
