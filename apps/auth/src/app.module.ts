import { Module } from '@nestjs/common';
import { authContract } from '@xerotier/contracts/auth';
import { BusModule } from '@xerotier/service-host';
import { DatabaseModule } from '@xerotier/service-host/database';
import { AccessModule } from './access/access.module.ts';
import { ApiKeysModule } from './api-keys/api-keys.module.ts';
import { database } from './db/database.ts';
import { UsageModule } from './usage/usage.module.ts';

@Module({
  imports: [
    DatabaseModule.forRoot(database),
    BusModule.forRoot({ serves: [authContract] }),
    ApiKeysModule,
    AccessModule,
    UsageModule,
  ],
})
export class AppModule {}
