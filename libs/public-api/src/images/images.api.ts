import { defineOperation } from '../operation/define-operation.ts';
import { JSON_OR_EVENTS, mediaOperation } from '../operation/media.ts';
import { imageEditRequest, imageGenerationRequest, imageVariationRequest } from './request.ts';

export const createImage = defineOperation({
  ...mediaOperation,
  operationId: 'createImage',
  sdk: { node: 'images.generate' },
  path: '/v1/images/generations',
  summary: 'Create image',
  request: imageGenerationRequest,
  example: { model: 'image', prompt: 'a bird' },
  rawResponse: JSON_OR_EVENTS,
});

export const createImageEdit = defineOperation({
  ...mediaOperation,
  operationId: 'createImageEdit',
  sdk: { node: 'images.edit' },
  path: '/v1/images/edits',
  summary: 'Create image edit',
  request: imageEditRequest,
  files: [
    { name: 'image', min: 1, max: 16 },
    { name: 'mask', min: 0, max: 1 },
  ],
  example: { model: 'image', prompt: 'bluer' },
  rawResponse: JSON_OR_EVENTS,
});

export const createImageVariation = defineOperation({
  ...mediaOperation,
  operationId: 'createImageVariation',
  sdk: { node: 'images.createVariation', python: 'images.create_variation' },
  path: '/v1/images/variations',
  summary: 'Create image variation',
  request: imageVariationRequest,
  files: [{ name: 'image', min: 1, max: 1 }],
  example: { model: 'image' },
  rawResponse: JSON_OR_EVENTS,
});

/** In the order of the reference. */
export const imagesOperations = [createImage, createImageEdit, createImageVariation] as const;
