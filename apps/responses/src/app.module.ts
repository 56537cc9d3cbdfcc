import { Module } from '@nestjs/common';
import { responsesContract } from '@xerotier/contracts/responses';
import { BusModule } from '@xerotier/service-host';
import { DatabaseModule } from '@xerotier/service-host/database';
import { CompletionsModule } from './completions/completions.module.ts';
import { database } from './db/database.ts';

@Module({
  imports: [DatabaseModule.forRoot(database), BusModule.forRoot({ serves: [responsesContract] }), CompletionsModule],
})
export class AppModule {}
