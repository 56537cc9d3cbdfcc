import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.ts';
import { ResponsesModule } from '../responses/responses.module.ts';
import { KeptResponses } from './kept-responses.ts';
import { ResponseSocketsController } from './response-sockets.controller.ts';
import { ResponseSocketsService } from './response-sockets.service.ts';

@Module({
  imports: [AccessModule, ResponsesModule],
  controllers: [ResponseSocketsController],
  providers: [KeptResponses, ResponseSocketsService],
})
export class ResponseSocketsModule {}
