export { generationEnd, generationHead, generationInput, modelContract, workerContract } from './contract.ts';
export type { GenerationEnd, GenerationHead, GenerationInput } from './contract.ts';
export { embeddingInput, rankingInput } from './embedding.ts';
export type { EmbeddingInput, RankingInput } from './embedding.ts';
export { decodeScore, decodeVector, encodeScore, encodeVector } from './embedding-frames.ts';
export { heartbeat, workerLeft, workerState } from './events.ts';
export type { WorkerState } from './events.ts';
export { mediaHead, mediaInput, mediaRoutes } from './media.ts';
export type { MediaFile, MediaHead, MediaInput, MediaRoute, MediaTask } from './media.ts';
