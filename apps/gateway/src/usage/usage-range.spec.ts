import { usageRangeOf } from './usage-range.ts';

const now = new Date('2026-11-29T23:59:59.999Z');

describe('usageRangeOf', () => {
  it('is the current month by default', () => {
    expect(usageRangeOf({}, now)).toEqual({ start: '2026-11-01', end: '2026-11-30' });
    expect(usageRangeOf({}, new Date('2026-12-31T00:00:00Z'))).toEqual({ start: '2026-12-01', end: '2027-01-01' });
  });

  it('accepts a day, and a leap year', () => {
    expect(usageRangeOf({ start: '2026-11-28', end: '2026-11-29' }, now).end).toBe('2026-11-29');
    expect(usageRangeOf({ start: '2028-01-01', end: '2029-01-01' }, now).end).toBe('2029-01-01');
  });

  it.each([
    [{ start: '2026-11-29', end: '2026-11-29' }],
    [{ start: '2026-11-30', end: '2026-11-29' }],
    [{ start: '2026-12-01' }],
    [{ end: '2026-11-01' }],
    [{ start: '2025-11-01', end: '2026-11-03' }],
  ])('rejects %o', (query) => {
    expect(() => usageRangeOf(query, now)).toThrow("Invalid 'end'");
  });
});
