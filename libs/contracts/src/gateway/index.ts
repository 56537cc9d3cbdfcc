export { gatewayContract } from './contract.ts';
export { batchEndpointsContract } from './batch-endpoints.contract.ts';
export { completionStreamsContract } from './completion-streams.contract.ts';
export { batchLinesContract } from './batch-lines.contract.ts';
