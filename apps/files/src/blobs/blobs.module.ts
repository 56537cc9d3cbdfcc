import { Module } from '@nestjs/common';
import { DataKeysModule } from '@xerotier/data-keys';
import { dataKeys } from '../data-keys.ts';
import { StorageQuotas } from '../storage/storage-quotas.ts';
import { StorageService } from '../storage/storage.service.ts';
import { BlobsReconciler } from './blobs-reconciler.ts';
import { BlobsRepository } from './blobs.repository.ts';
import { BlobsService } from './blobs.service.ts';
import { ObjectStoreModule } from './object-store.module.ts';

@Module({
  imports: [DataKeysModule.forRoot(dataKeys), ObjectStoreModule],
  providers: [BlobsService, BlobsRepository, BlobsReconciler, StorageService, StorageQuotas],
  exports: [BlobsService, DataKeysModule, StorageService, StorageQuotas],
})
export class BlobsModule {}
