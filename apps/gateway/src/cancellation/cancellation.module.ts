import { Module } from '@nestjs/common';
import { ServiceIdentity } from '@xerotier/service-host';
import { CancellationService, GatewayInstance } from './cancellation.service.ts';

/** The service subscribes by itself, without `@Serves`: its subject contains the id of the gateway. */
@Module({
  providers: [
    {
      provide: GatewayInstance,
      inject: [ServiceIdentity],
      useFactory: ({ instance }: ServiceIdentity) => new GatewayInstance(instance),
    },
    CancellationService,
  ],
  exports: [CancellationService, GatewayInstance],
})
export class CancellationModule {}
