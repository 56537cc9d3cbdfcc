import type { RequestedServiceTier } from '@xerotier/contracts/inference';

/** Values of the OpenAI specification; `scale` is the former name of `priority`. */
const TIERS: ReadonlyMap<string, RequestedServiceTier> = new Map([
  ['auto', 'default'],
  ['default', 'default'],
  ['flex', 'flex'],
  ['priority', 'priority'],
  ['scale', 'priority'],
]);

/**
 * Returns the requested tier for `service_tier`; undefined for other values, since clients may send back the `service_tier` of
 * responses, which is the slug of the endpoint's tier.
 */
export function requestedServiceTierOf(value: string | undefined): RequestedServiceTier | undefined {
  return value === undefined ? undefined : TIERS.get(value);
}
