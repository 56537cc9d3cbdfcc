export { embeddingRequest } from './request.ts';
export type { EmbeddingRequest } from './request.ts';
export { embeddingList } from './response.ts';
export type { promptUsage } from './response.ts';
export { createEmbedding } from './embeddings.api.ts';
