import { Module } from '@nestjs/common';
import { DataKeysModule } from '@xerotier/data-keys';
import { dataKeys } from '../data-keys.ts';
import { ItemsRepository } from './items.repository.ts';
import { ItemsService } from './items.service.ts';

@Module({
  imports: [DataKeysModule.forRoot(dataKeys)],
  providers: [ItemsService, ItemsRepository],
  exports: [ItemsService],
})
export class ItemsModule {}
