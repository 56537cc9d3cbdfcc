export { checkBatches, isClean } from './check-batches.ts';
export type { BatchFindings, BatchResults, LedgerEntry } from './check-batches.ts';
export { checkEndedBatches, linesDone } from './ended-batches.ts';
export type { CheckedBatches, EndedBatches, KnownBatch } from './ended-batches.ts';
export type { OutputLine } from './output-line.ts';
export { killServer, loseNatsStore, loseRedisData } from './server-faults.ts';
