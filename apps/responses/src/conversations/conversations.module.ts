import { Module } from '@nestjs/common';
import { DataKeysModule } from '@xerotier/data-keys';
import { IdempotencyKeys } from '@xerotier/idempotency';
import { MasterKeys, SecretBox } from '@xerotier/sealing';
import { dataKeys } from '../data-keys.ts';
import { ItemsModule } from '../items/items.module.ts';
import { ConversationsHandlers } from './conversations.handlers.ts';
import { ConversationsRepository } from './conversations.repository.ts';
import { ConversationsService } from './conversations.service.ts';

@Module({
  imports: [DataKeysModule.forRoot(dataKeys), ItemsModule],
  providers: [
    ConversationsHandlers,
    ConversationsService,
    ConversationsRepository,
    IdempotencyKeys,
    { provide: SecretBox, inject: [MasterKeys], useFactory: (keys: MasterKeys) => new SecretBox(keys) },
  ],
  exports: [ConversationsService],
})
export class ConversationsModule {}
