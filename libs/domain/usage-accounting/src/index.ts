export { openAccounting, sealAccounting } from './accounting-seal.ts';
