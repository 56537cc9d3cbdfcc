import { keysetPage } from './keyset-page.ts';

const columns = [
  { name: 'created_at', type: 'timestamptz' },
  { name: 'id', type: 'text' },
];

describe('keysetPage', () => {
  it('selects rows after the cursor, ordered by all columns', () => {
    expect(keysetPage(columns, 'asc', 3)).toEqual({
      orderBy: 'created_at asc, id asc',
      isAfterCursor: '($3::timestamptz IS NULL OR (created_at, id) > ($3::timestamptz, $4::text))',
    });
  });

  it('selects rows before the cursor in descending order', () => {
    const { orderBy, isAfterCursor } = keysetPage(columns, 'desc', 1);
    expect(orderBy).toBe('created_at desc, id desc');
    expect(isAfterCursor).toContain('(created_at, id) < (');
  });
});
