import { usageEventsQuery, usagePageQuery, usageQuery } from './request.ts';

describe.each([
  ['totals', usageQuery],
  ['pages', usagePageQuery],
  ['events', usageEventsQuery],
])('the query of %s', (_name, query) => {
  it.each(['0001-01-01', '2028-02-29', '9999-12-31'])('accepts %s', (day) => {
    expect(query.parse({ start: day, end: day })).toMatchObject({ start: day, end: day });
  });

  it.each([
    ['0000-01-01', 'must be a day from 0001-01-01 on'],
    ['0000-12-31', 'must be a day from 0001-01-01 on'],
    ['2027-02-29', 'must be a day such as 2026-12-01'],
    ['today', 'must be a day such as 2026-12-01'],
  ])('rejects %s, and names the field', (day, message) => {
    for (const field of ['start', 'end'])
      expect(query.safeParse({ [field]: day }).error?.issues).toMatchObject([{ path: [field], message }]);
  });
});
