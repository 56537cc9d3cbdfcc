import type { DatabaseDefinition } from '@xerotier/db';
import { ModelEntity } from '../models/model.entity.ts';
import { ModelVersionEntity } from '../uploaded-models/model-version.entity.ts';
import { RemovedModelVersionEntity } from '../uploaded-models/removed-model-version.entity.ts';
import { UploadedModelEntity } from '../uploaded-models/uploaded-model.entity.ts';
import { CreateModels1795132800000 } from './migrations/1795132800000-create-models.ts';
import { AllowUnknownContext1795910400000 } from './migrations/1795910400000-allow-unknown-context.ts';
import { AddUploadedModels1796500000001 } from './migrations/1796500000001-add-uploaded-models.ts';
import { AddModelShapes1796540000000 } from './migrations/1796540000000-add-model-shapes.ts';

/** The database schema of the router. */
export const database: DatabaseDefinition = {
  schema: 'router',
  entities: [ModelEntity, UploadedModelEntity, ModelVersionEntity, RemovedModelVersionEntity],
  migrations: [
    CreateModels1795132800000,
    AllowUnknownContext1795910400000,
    AddUploadedModels1796500000001,
    AddModelShapes1796540000000,
  ],
};
