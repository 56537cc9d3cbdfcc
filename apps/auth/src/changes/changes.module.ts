import { Module } from '@nestjs/common';
import { IdempotencyKeys } from '@xerotier/idempotency';
import { AuditModule } from '../audit/audit.module.ts';
import { SecretsModule } from '../secrets/secrets.module.ts';
import { ChangesService } from './changes.service.ts';
import { ProjectEvents } from './project-events.ts';

/** Needs a provider of `ANNOUNCE_ACCESS_CHANGE`. */
@Module({
  imports: [AuditModule, SecretsModule],
  providers: [ChangesService, IdempotencyKeys, ProjectEvents],
  exports: [ChangesService],
})
export class ChangesModule {}
