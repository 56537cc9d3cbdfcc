import { Module } from '@nestjs/common';
import { DataKeysModule } from '@xerotier/data-keys';
import { ConversationsModule } from '../conversations/conversations.module.ts';
import { dataKeys } from '../data-keys.ts';
import { ItemsModule } from '../items/items.module.ts';
import { ResponsesHandlers } from './responses.handlers.ts';
import { ResponsesRepository } from './responses.repository.ts';
import { ResponsesService } from './responses.service.ts';

@Module({
  imports: [DataKeysModule.forRoot(dataKeys), ItemsModule, ConversationsModule],
  providers: [ResponsesHandlers, ResponsesService, ResponsesRepository],
  exports: [ResponsesService],
})
export class ResponsesModule {}
