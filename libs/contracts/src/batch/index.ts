export { batchContract, RESULTS_PAGE_BYTES } from './contract.ts';
export type { StoredBatch } from './contract.ts';
