export { imageEditRequest, imageGenerationRequest, imageVariationRequest } from './request.ts';
export { createImage, createImageEdit, createImageVariation } from './images.api.ts';
