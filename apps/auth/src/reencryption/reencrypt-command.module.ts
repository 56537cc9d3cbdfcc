import { Module } from '@nestjs/common';
import { DatabaseModule } from '@xerotier/service-host/database';
import { AuditModule } from '../audit/audit.module.ts';
import { database } from '../db/database.ts';
import { SecretsModule } from '../secrets/secrets.module.ts';
import { ReencryptionService } from './reencryption.service.ts';

/** The module of the `reencrypt` command: the database, without the bus. */
@Module({
  imports: [DatabaseModule.forRoot(database), SecretsModule, AuditModule],
  providers: [ReencryptionService],
})
export class ReencryptCommandModule {}
