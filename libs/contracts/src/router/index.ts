export {
  EXCLUDED_WORKERS_MAX,
  acquireInput,
  acquireManyInput,
  acquireManyOutput,
  acquireOutput,
  catalogueModel,
  model,
  modelSource,
  routerContract,
} from './contract.ts';
export type { AcquireInput, AcquireOutput, CatalogueModel, Model, ModelSource } from './contract.ts';
export { modelVersionNumber } from '@xerotier/public-api/uploads';
export { leasesReleased, modelVersionRemoved } from './events.ts';
export { modelFacts, modelsContract } from './models.contract.ts';
export type { ModelFacts, ModelRole, ModelVersion, UploadedModel } from './models.contract.ts';
export { modelShape } from './model-shape.ts';
export type { LayerCache, ModelShape } from './model-shape.ts';
