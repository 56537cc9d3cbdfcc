export { LinkedImagesModule } from './linked-images.module.ts';
export { hasLinkedImages, LinkedImages } from './linked-images.service.ts';
export type { FieldOf } from './linked-images.service.ts';
