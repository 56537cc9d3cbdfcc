export { getModelPreflight, preflightModel } from './model-preflight.api.ts';
