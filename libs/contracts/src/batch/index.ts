export { batchContract } from './contract.ts';
export type { StoredBatch } from './contract.ts';
