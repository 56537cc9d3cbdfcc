/** The tables of the product's own documents, each row with the test that fails when the platform does not do what it says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SeedRow {
  readonly name: string;
  readonly notes: string;
}

const tables = JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/seed-tables.json'), 'utf8')) as Readonly<
  Record<string, readonly SeedRow[]>
>;

export function seedTable(title: string): readonly SeedRow[] {
  const rows = tables[title];
  if (rows === undefined) throw new Error(`There is no table '${title}' in fixtures/seed-tables.json`);
  return rows;
}

type RowTest = () => Promise<void>;

/** One test for each row of a table, by the name of the row; a row without a test fails, and so does a test without a row. */
export function testEachRow(title: string, tests: Readonly<Record<string, RowTest>>): void {
  describe(title, () => {
    it('has a test for each row, and no other', () => {
      expect(Object.keys(tests).sort()).toEqual(
        seedTable(title)
          .map(({ name }) => name)
          .sort(),
      );
    });

    it.each(seedTable(title).map(({ name }) => name))('%s', async (name) => {
      await tests[name]?.();
    });
  });
}
