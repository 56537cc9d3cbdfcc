import { Module } from '@nestjs/common';
import { DatabaseModule } from '@xerotier/service-host/database';
import { AccessChangesModule } from '../access/access-changes.module.ts';
import { database } from '../db/database.ts';
import { ApiKeysModule } from './api-keys.module.ts';
import { ApiKeysService } from './api-keys.service.ts';

/** The module of the `keys` command: the database, without the bus. */
@Module({
  imports: [DatabaseModule.forRoot(database), AccessChangesModule, ApiKeysModule],
  providers: [ApiKeysService],
})
export class KeysCommandModule {}
