import { Module } from '@nestjs/common';
import { DatabaseModule } from '@xerotier/service-host/database';
import { AccessChangesModule } from '../access/access-changes.module.ts';
import { database } from '../db/database.ts';
import { ApiKeysModule } from './api-keys.module.ts';
import { ApiKeysService } from './api-keys.service.ts';

/** What the `keys` command runs in: the database, and no bus. */
@Module({
  imports: [DatabaseModule.forRoot(database), AccessChangesModule, ApiKeysModule],
  providers: [ApiKeysService],
})
export class KeysCommandModule {}
