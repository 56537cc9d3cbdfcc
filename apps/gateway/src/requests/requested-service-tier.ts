import type { RequestedServiceTier } from '@xerotier/contracts/inference';

/** The words of the specification; `auto` leaves it to the platform, and `scale` is the older word for priority. */
const WORDS: ReadonlyMap<string, RequestedServiceTier> = new Map([
  ['auto', 'default'],
  ['default', 'default'],
  ['flex', 'flex'],
  ['priority', 'priority'],
  ['scale', 'priority'],
]);

/**
 * What `service_tier` asks for within the tier of the endpoint. Any other word asks for nothing: clients send back what
 * answers say, which is the slug of that tier, and no request changes it.
 */
export function requestedServiceTierOf(word: string | undefined): RequestedServiceTier | undefined {
  return word === undefined ? undefined : WORDS.get(word);
}
