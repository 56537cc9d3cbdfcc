import { Module } from '@nestjs/common';
import { DataKeysModule } from '@xerotier/data-keys';
import { dataKeys } from '../data-keys.ts';
import { EncryptedContents } from './encrypted-contents.ts';
import { ItemsRepository } from './items.repository.ts';
import { ItemsService } from './items.service.ts';

@Module({
  imports: [DataKeysModule.forRoot(dataKeys)],
  providers: [EncryptedContents, ItemsService, ItemsRepository],
  exports: [EncryptedContents, ItemsService],
})
export class ItemsModule {}
