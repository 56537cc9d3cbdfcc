import type { DatabaseDefinition } from '@xerotier/db';
import { ModelEntity } from '../models/model.entity.ts';
import { CreateModels1795132800000 } from './migrations/1795132800000-create-models.ts';
import { AllowUnknownContext1795910400000 } from './migrations/1795910400000-allow-unknown-context.ts';

/** The database schema of the router. */
export const database: DatabaseDefinition = {
  schema: 'router',
  entities: [ModelEntity],
  migrations: [CreateModels1795132800000, AllowUnknownContext1795910400000],
};
