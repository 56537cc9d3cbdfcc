import { Module } from '@nestjs/common';
import { FolderStore } from '@xerotier/object-store';
import type { ObjectStore } from '@xerotier/object-store';
import { CONFIG } from '@xerotier/service-host';
import type { FilesConfig } from '../config.ts';

export const OBJECT_STORE = Symbol('OBJECT_STORE');

@Module({
  providers: [{ provide: OBJECT_STORE, inject: [CONFIG], useFactory: openStore }],
  exports: [OBJECT_STORE],
})
export class ObjectStoreModule {}

/** @throws {AppError} `store.unavailable`. @throws {Error} for settings that are incomplete. */
async function openStore({ store: { directory, s3 } }: Pick<FilesConfig, 'store'>): Promise<ObjectStore> {
  const { bucket, endpoint, accessKeyId, secretAccessKey, keyPrefix, ...options } = s3;
  if (bucket === undefined) return FolderStore.open(directory);
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new Error('FILES_S3_BUCKET needs FILES_S3_ACCESS_KEY_ID and FILES_S3_SECRET_ACCESS_KEY.');
  // Loaded only where it is used: the SDK takes 30 MB.
  const { S3Store } = await import('@xerotier/object-store/s3');
  return S3Store.open({
    ...{ bucket, accessKeyId, secretAccessKey, ...options },
    ...(endpoint !== undefined && { endpoint }),
    ...(keyPrefix !== undefined && { keyPrefix }),
  });
}
