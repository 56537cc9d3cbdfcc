export { FolderStore } from './folder-store.ts';
export { ObjectNotFoundError } from './object-store.ts';
export type { ByteRange, ObjectStore, StoredObject } from './object-store.ts';
