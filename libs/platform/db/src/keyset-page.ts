/**
 * SQL for keyset pagination: a page continues from the last row of the previous one, which an index finds directly at
 * any depth. The columns must be unique together: the last one is the primary key, or a part of it.
 */
export interface KeysetColumn {
  readonly name: string;
  /** PostgreSQL type, such as `timestamptz`. */
  readonly type: string;
}

export interface KeysetPage {
  /** For `ORDER BY`. */
  readonly orderBy: string;
  /** For `WHERE`: the rows after the cursor; all rows when the first parameter is null. */
  readonly isAfterCursor: string;
}

/** @param firstParameter the number of the parameter with the cursor's first column; the others follow it. */
export function keysetPage(
  columns: readonly KeysetColumn[],
  order: 'asc' | 'desc',
  firstParameter: number,
): KeysetPage {
  const names = columns.map(({ name }) => name).join(', ');
  const cursor = columns.map(({ type }, at) => `$${firstParameter + at}::${type}`);
  return {
    orderBy: columns.map(({ name }) => `${name} ${order}`).join(', '),
    isAfterCursor: `(${cursor[0]} IS NULL OR (${names}) ${order === 'asc' ? '>' : '<'} (${cursor.join(', ')}))`,
  };
}
