import { Module } from '@nestjs/common';
import { ConversationItemsController } from './conversation-items.controller.ts';
import { ConversationsController } from './conversations.controller.ts';
import { ConversationsService } from './conversations.service.ts';

@Module({
  controllers: [ConversationsController, ConversationItemsController],
  providers: [ConversationsService],
})
export class ConversationsModule {}
