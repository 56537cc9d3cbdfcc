import { Module } from '@nestjs/common';
import { CONFIG } from '@xerotier/service-host';
import type { AuthConfig } from '../config.ts';
import { AuditTrail } from './audit-trail.ts';
import { HeadSigner } from './head-signer.ts';

@Module({
  providers: [
    AuditTrail,
    {
      provide: HeadSigner,
      inject: [CONFIG],
      useFactory: ({ keys }: AuthConfig) => new HeadSigner(keys.master, keys.previousMaster),
    },
  ],
  exports: [AuditTrail, HeadSigner],
})
export class AuditModule {}
