import { silentLog } from '@xerotier/log/testing';
import { testServers } from '@xerotier/testing';
import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { openDatabase } from './open-database.ts';
import { differencesFromEntities } from './testing.ts';
import type { EntityClass } from './data-source-options.ts';

const servers = testServers('postgres');

class CreateThing1795132800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE shop.thing (id integer PRIMARY KEY, unit_price integer NOT NULL CHECK (unit_price > 0))',
    );
  }

  async down(): Promise<void> {}
}

@Entity('thing')
@Check('thing_unit_price_check', 'unit_price > 0')
class Thing {
  @PrimaryColumn('integer')
  id!: number;

  @Column('integer')
  unitPrice!: number;
}

@Entity('thing')
class ThingWithoutCheck {
  @PrimaryColumn('integer')
  id!: number;

  @Column('integer', { nullable: true })
  unitPrice!: number | null;

  @Column('text')
  name!: string;
}

async function differences(entities: EntityClass[], exceptions: string[] = []): Promise<string[]> {
  const migrations = [CreateThing1795132800000];
  const options = { url: servers.postgres.url, schema: 'shop', migrations, entities, poolMax: 1, log: silentLog() };
  const dataSource = await openDatabase(options);
  try {
    return await differencesFromEntities(dataSource, exceptions);
  } finally {
    await dataSource.destroy();
  }
}

describe('differencesFromEntities', () => {
  it('is empty when migrations and entities match', async () => {
    expect(await differences([Thing])).toEqual([]);
  });

  it('reports a differing column, nullability and check constraint', async () => {
    const found = (await differences([ThingWithoutCheck])).join('\n');
    expect(found).toContain('ADD "name" text');
    expect(found).toContain('"unit_price" DROP NOT NULL');
    expect(found).toContain('DROP CONSTRAINT "thing_unit_price_check"');
  });

  it('reports a table without an entity, except for the listed exceptions', async () => {
    expect(await differences([])).toEqual(['no entity for the table shop.thing']);
    expect(await differences([], ['thing'])).toEqual([]);
  });
});
