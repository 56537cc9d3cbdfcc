export { STORED_BYTES_MAX, responsesContract, storedCompletion } from './contract.ts';
export type { StoredCompletion } from './contract.ts';
