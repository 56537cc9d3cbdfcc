export { STORED_BYTES_MAX, completionId, responsesContract, storedCompletion } from './contract.ts';
export type { StoredCompletion } from './contract.ts';
