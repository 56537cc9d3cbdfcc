export { MasterKeys, UnknownMasterKeyError } from './master-keys.ts';
export type { WrappedKey } from './master-keys.ts';
export { sealingKey } from './key-setting.ts';
export { SecretBox } from './secret-box.ts';
export { newDataKey, open, seal, UnsealError } from './seal.ts';
export type { EncryptionContext } from './seal.ts';
export { openStream, sealedStreamBytes, sealStream } from './sealed-stream.ts';
export type { ByteRange, SealedSource } from './sealed-stream.ts';
