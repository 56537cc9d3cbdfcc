import { Module } from '@nestjs/common';
import { DataKeysModule } from '@xerotier/data-keys';
import { IdempotencyKeys } from '@xerotier/idempotency';
import { MasterKeys, SecretBox } from '@xerotier/sealing';
import { dataKeys } from '../data-keys.ts';
import { BatchesHandlers } from './batches.handlers.ts';
import { BatchesRepository } from './batches.repository.ts';
import { BatchesService } from './batches.service.ts';

@Module({
  imports: [DataKeysModule.forRoot(dataKeys)],
  providers: [
    BatchesHandlers,
    BatchesService,
    BatchesRepository,
    IdempotencyKeys,
    { provide: SecretBox, inject: [MasterKeys], useFactory: (keys: MasterKeys) => new SecretBox(keys) },
  ],
  exports: [BatchesRepository, DataKeysModule],
})
export class BatchesModule {}
