import { keysetPage } from './keyset-page.ts';

const columns = [
  { name: 'created_at', type: 'timestamptz' },
  { name: 'id', type: 'text' },
];

describe('the page of a keyset', () => {
  it('goes on behind the cursor, in the order of all columns', () => {
    expect(keysetPage(columns, 'asc', 3)).toEqual({
      orderBy: 'created_at asc, id asc',
      isAfterCursor: '($3::timestamptz IS NULL OR (created_at, id) > ($3::timestamptz, $4::text))',
    });
  });

  it('goes on before it where the order is turned', () => {
    const { orderBy, isAfterCursor } = keysetPage(columns, 'desc', 1);
    expect(orderBy).toBe('created_at desc, id desc');
    expect(isAfterCursor).toContain('(created_at, id) < (');
  });
});
