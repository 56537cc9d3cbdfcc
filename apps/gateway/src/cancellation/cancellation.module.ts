import { Module } from '@nestjs/common';
import { ServiceIdentity } from '@xerotier/service-host';
import { CancellationService, GatewayInstance } from './cancellation.service.ts';

/** The service serves one subject for each gateway, with the gateway's own name in it, so it does that by hand. */
@Module({
  providers: [
    {
      provide: GatewayInstance,
      inject: [ServiceIdentity],
      useFactory: ({ instance }: ServiceIdentity) => new GatewayInstance(instance),
    },
    CancellationService,
  ],
  exports: [CancellationService],
})
export class CancellationModule {}
