import { DataKeyEntity } from '@xerotier/data-keys';
import type { DatabaseDefinition } from '@xerotier/db';
import { CompletionEntity } from '../completions/completion.entity.ts';
import { CreateCompletions1795132800000 } from './migrations/1795132800000-create-completions.ts';
import { IsolateTenants1796180400000 } from './migrations/1796180400000-isolate-tenants.ts';

/** The database schema of the responses service. */
export const database: DatabaseDefinition = {
  schema: 'responses',
  entities: [DataKeyEntity, CompletionEntity],
  migrations: [CreateCompletions1795132800000, IsolateTenants1796180400000],
};
