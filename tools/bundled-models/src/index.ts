export { bundledModels } from './bundled-models.ts';
export type { BundledModel } from './bundled-models.ts';
