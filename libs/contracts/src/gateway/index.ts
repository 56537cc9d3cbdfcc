export { gatewayContract } from './contract.ts';
export { batchEndpoint, batchLinesContract } from './batch-lines.contract.ts';
export type { BatchEndpoint } from './batch-lines.contract.ts';
