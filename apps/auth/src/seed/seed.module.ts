import { Module } from '@nestjs/common';
import { DatabaseModule } from '@xerotier/service-host/database';
import { AccessChangesModule } from '../access/access-changes.module.ts';
import { ApiKeysModule } from '../api-keys/api-keys.module.ts';
import { BootstrapTokensService } from '../bootstrap/bootstrap-tokens.service.ts';
import { ChangesModule } from '../changes/changes.module.ts';
import { database } from '../db/database.ts';
import { SeedRepository } from './seed.repository.ts';
import { SeedService } from './seed.service.ts';

/** The module of the `seed` command: the database, without the bus. */
@Module({
  imports: [DatabaseModule.forRoot(database), AccessChangesModule.pending(), ApiKeysModule, ChangesModule],
  providers: [SeedRepository, SeedService, BootstrapTokensService],
})
export class SeedModule {}
