export { rerankRequest } from './rerank-request.ts';
export type { RerankRequest } from './rerank-request.ts';
export { rerankResponse, scoreResponse } from './response.ts';
export { scoreRequest } from './score-request.ts';
export type { ScoreRequest } from './score-request.ts';
export { rerank, rerankV2, score } from './reranking.api.ts';
