/**
 * SQL of lists that are read page by page from where the last page ended, which an index finds at once however far that is. The
 * columns together have to be unique: the last one is the primary key, or a part of it.
 */
export interface KeysetColumn {
  readonly name: string;
  /** Of PostgreSQL, such as `timestamptz`. */
  readonly type: string;
}

export interface KeysetPage {
  /** For `ORDER BY`. */
  readonly orderBy: string;
  /** For `WHERE`: the rows behind the cursor; all of them when its first parameter is null. */
  readonly isAfterCursor: string;
}

/** @param firstParameter the number of the parameter with the cursor's first column; those of the others follow it. */
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
