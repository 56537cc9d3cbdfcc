export { imageEditRequest, imageGenerationRequest, imageVariationRequest } from './request.ts';
