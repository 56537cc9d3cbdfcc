export { completionId, projectId, slug } from './ids.ts';
export { metadata } from './metadata.ts';
export type { Metadata } from './metadata.ts';
export { storableText } from './storable-text.ts';
export { TEXTS_MAX } from './texts.ts';
