import { AppError } from '@xerotier/errors';
import { USAGE_DAYS_MAX } from '@xerotier/public-api/usage';

const DAY_MS = 86_400_000;

/** Days of UTC; the end is excluded. */
export interface UsageRange {
  readonly start: string;
  readonly end: string;
}

/**
 * The range of a query; by default the current month.
 * @throws {AppError} `request.invalid` if the end is not after the start, or too long after it.
 */
export function usageRangeOf(
  { start, end }: { start?: string | undefined; end?: string | undefined },
  now = new Date(),
): UsageRange {
  const range = {
    start: start ?? `${now.toISOString().slice(0, 7)}-01`,
    end: end ?? new Date(now.getTime() + DAY_MS).toISOString().slice(0, 10),
  };
  const days = (Date.parse(range.end) - Date.parse(range.start)) / DAY_MS;
  if (days > 0 && days <= USAGE_DAYS_MAX) return range;
  const reason = `Invalid 'end': must be 1 to ${USAGE_DAYS_MAX} days after 'start'.`;
  throw new AppError('request.invalid', { reason }, { param: 'end' });
}
