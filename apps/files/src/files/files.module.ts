import { Module } from '@nestjs/common';
import { IdempotencyKeys } from '@xerotier/idempotency';
import { MasterKeys, SecretBox } from '@xerotier/sealing';
import { BlobsModule } from '../blobs/blobs.module.ts';
import { FilesExpiry } from './files-expiry.ts';
import { FilesHandlers } from './files.handlers.ts';
import { FilesRepository } from './files.repository.ts';
import { FilesService } from './files.service.ts';

@Module({
  imports: [BlobsModule],
  providers: [
    FilesHandlers,
    FilesService,
    FilesRepository,
    FilesExpiry,
    IdempotencyKeys,
    { provide: SecretBox, inject: [MasterKeys], useFactory: (keys: MasterKeys) => new SecretBox(keys) },
  ],
  exports: [FilesService, IdempotencyKeys],
})
export class FilesModule {}
