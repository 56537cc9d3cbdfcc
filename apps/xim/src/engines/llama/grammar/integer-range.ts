/** Grammar rules for the integers of a range, digit by digit: `minimum` and `maximum` in a grammar. */

/** Bounds beyond this are clamped, since larger JSON numbers are not exact. */
const BOUND_MAX = Number.MAX_SAFE_INTEGER;

/** Returns the body of a rule for the integers from `min` to `max`, both inclusive; undefined when there are none. */
export function integerRange(min: number, max: number): string | undefined {
  const [low, high] = [Math.max(Math.ceil(min), -BOUND_MAX), Math.min(Math.floor(max), BOUND_MAX)];
  if (!(low <= high)) return undefined;
  const negative = low < 0 ? [`"-" (${naturals(Math.max(1, -high), -low)})`] : [];
  const natural = high >= 0 ? [naturals(Math.max(0, low), high)] : [];
  return [...negative, ...natural].join(' | ');
}

/** Non-negative integers from `low` to `high`: those of the shortest and of the longest length, and all lengths in between. */
function naturals(low: number, high: number): string {
  const [shortest, longest] = [digits(low), digits(high)];
  if (shortest === longest) return sameLength(String(low), String(high));
  const between = longest - shortest > 1 ? [`[1-9] ${anyDigits(shortest, longest - 2)}`] : [];
  return [
    sameLength(String(low), '9'.repeat(shortest)),
    ...between,
    sameLength(`1${'0'.repeat(longest - 1)}`, String(high)),
  ].join(' | ');
}

/** Integers between two numbers with the same number of digits. */
function sameLength(low: string, high: string): string {
  const rest = low.length - 1;
  const [first, last] = [Number(low[0]), Number(high[0])];
  if (rest === 0) return oneOf(first, last);
  const [lowRest, highRest] = [low.slice(1), high.slice(1)];
  if (first === last) return `"${first}" (${sameLength(lowRest, highRest)})`;
  // A first digit that allows any remaining digits needs no separate rule.
  const [isLowWhole, isHighWhole] = [/^0+$/.test(lowRest), /^9+$/.test(highRest)];
  const [from, to] = [isLowWhole ? first : first + 1, isHighWhole ? last : last - 1];
  return [
    ...(isLowWhole ? [] : [`"${first}" (${sameLength(lowRest, '9'.repeat(rest))})`]),
    ...(from > to ? [] : [`${oneOf(from, to)} ${anyDigits(rest, rest)}`]),
    ...(isHighWhole ? [] : [`"${last}" (${sameLength('0'.repeat(rest), highRest)})`]),
  ].join(' | ');
}

function digits(value: number): number {
  return String(value).length;
}

function oneOf(first: number, last: number): string {
  return first === last ? `"${first}"` : `[${first}-${last}]`;
}

function anyDigits(min: number, max: number): string {
  return `[0-9]{${min === max ? min : `${min},${max}`}}`;
}
