import { Module } from '@nestjs/common';
import { usageRecorded } from '@xerotier/contracts/inference';
import { InferenceClient } from '@xerotier/inference';
import type { Logger } from '@xerotier/log';
import { Bus, ensureStream } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import { BUS_CONNECTION, CONFIG, LOGGER } from '@xerotier/service-host';
import type { GatewayConfig } from '../config.ts';
import { UsagePublisher } from './usage-publisher.ts';

@Module({
  providers: [
    UsagePublisher,
    {
      provide: InferenceClient,
      inject: [BUS_CONNECTION, Bus, UsagePublisher, LOGGER, CONFIG],
      useFactory: async (
        connection: BusConnection,
        bus: Bus,
        usage: UsagePublisher,
        log: Logger,
        { limits }: GatewayConfig,
      ) => {
        await ensureStream(connection, usageRecorded);
        return new InferenceClient({ bus, usage, log, limits });
      },
    },
  ],
  exports: [InferenceClient],
})
export class InferenceModule {}
