export { modelList, publicModel } from './response.ts';
export type { PublicModel } from './response.ts';
export { listModels, retrieveModel } from './models.api.ts';
