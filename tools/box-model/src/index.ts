export { boxModels } from './box-models.ts';
export type { BoxModel } from './box-models.ts';
