/** The tables of the product documentation, with one test per row. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface DocumentedRow {
  readonly name: string;
  readonly notes: string;
}

const tables = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/documented-tables.json'), 'utf8'),
) as Readonly<Record<string, readonly DocumentedRow[]>>;

export function documentedTable(title: string): readonly DocumentedRow[] {
  const rows = tables[title];
  if (rows === undefined) throw new Error(`there is no table '${title}' in fixtures/documented-tables.json`);
  return rows;
}

type RowTest = () => Promise<void>;

/** Runs one test per row of a table, by the name of the row. Fails for a row without a test and for a test without a row. */
export function testEachRow(title: string, tests: Readonly<Record<string, RowTest>>): void {
  describe(title, () => {
    it('has a test for each row, and no other', () => {
      expect(Object.keys(tests).sort()).toEqual(
        documentedTable(title)
          .map(({ name }) => name)
          .sort(),
      );
    });

    it.each(documentedTable(title).map(({ name }) => name))('%s', async (name) => {
      await tests[name]?.();
    });
  });
}
