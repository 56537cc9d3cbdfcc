export { batchContract, ESTIMATED_ENDPOINTS_MAX, RESULTS_PAGE_BYTES } from './contract.ts';
export type { BatchEstimate, StoredBatch } from './contract.ts';
