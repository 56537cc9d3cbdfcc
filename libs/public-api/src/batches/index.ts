export {
  batchesOperations,
  cancelBatch,
  createBatch,
  getBatch,
  getBatchOutput,
  listBatches,
  pauseBatch,
  resumeBatch,
  retryBatch,
} from './batches.api.ts';
export { BATCH_BYTES_MAX, BATCH_ENDPOINTS, BATCH_LINES_MAX, COMPLETION_WINDOWS } from './request.ts';
export { batchError, batchStatus } from './response.ts';
export type { BatchStatus } from './response.ts';
