export { filesContract } from './contract.ts';
export { storedFile } from './file.ts';
export type { StoredFile } from './file.ts';
export { transferRoutes } from './transfer.ts';
export type { Transfer } from './transfer.ts';
