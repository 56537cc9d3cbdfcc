export { encodeTinyModel, writeTinyModel } from './tiny-model.ts';
