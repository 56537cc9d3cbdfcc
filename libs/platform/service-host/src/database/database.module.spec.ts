import 'reflect-metadata';
import type { DatabaseDefinition } from '@xerotier/db';
import { DatabaseModule } from './database.module.ts';

function aDefinition(): DatabaseDefinition {
  return { schema: 'zoo', entities: [], migrations: [] };
}

describe('DatabaseModule.forRoot', () => {
  it('returns the same module for the same definition', () => {
    const definition = aDefinition();
    expect(DatabaseModule.forRoot(definition)).toBe(DatabaseModule.forRoot(definition));
  });

  it('returns another module for another definition', () => {
    expect(DatabaseModule.forRoot(aDefinition())).not.toBe(DatabaseModule.forRoot(aDefinition()));
  });
});
