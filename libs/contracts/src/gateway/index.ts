export { gatewayContract } from './contract.ts';
