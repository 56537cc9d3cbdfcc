import { Module } from '@nestjs/common';
import { CancellationModule } from '../cancellation/cancellation.module.ts';
import { StoredCompletionsController } from './stored-completions.controller.ts';
import { StoredCompletionsService } from './stored-completions.service.ts';

@Module({
  imports: [CancellationModule],
  controllers: [StoredCompletionsController],
  providers: [StoredCompletionsService],
  exports: [StoredCompletionsService],
})
export class StoredCompletionsModule {}
