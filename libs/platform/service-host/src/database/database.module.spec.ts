import 'reflect-metadata';
import type { DatabaseDefinition } from '@xerotier/db';
import { DatabaseModule } from './database.module.ts';

function aDefinition(): DatabaseDefinition {
  return { schema: 'zoo', entities: [], migrations: [] };
}

describe('DatabaseModule.forRoot', () => {
  it('gives one module for one definition, whose modules are imported by the service and by its commands', () => {
    const definition = aDefinition();
    expect(DatabaseModule.forRoot(definition)).toBe(DatabaseModule.forRoot(definition));
  });

  it('gives another one for another definition', () => {
    expect(DatabaseModule.forRoot(aDefinition())).not.toBe(DatabaseModule.forRoot(aDefinition()));
  });
});
