export { filesContract } from './contract.ts';
export { storedFile } from './file.ts';
export type { StoredFile } from './file.ts';
export type { StoredModelFile } from './model-file.ts';
export { storedPart } from './upload.ts';
export type { StoredPart, StoredUpload } from './upload.ts';
export { byteRange, transferRoutes } from './transfer.ts';
export type { Transfer } from './transfer.ts';
