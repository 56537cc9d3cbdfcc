export { pooledRandomBytes, randomHex, randomId48 } from './random.ts';
