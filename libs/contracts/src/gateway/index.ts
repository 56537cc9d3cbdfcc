export { gatewayContract } from './contract.ts';
export { batchLinesContract } from './batch-lines.contract.ts';
