import { Module } from '@nestjs/common';
import { usageRecorded, usageReported } from '@xerotier/contracts/inference';
import { InferenceClient } from '@xerotier/inference';
import type { Logger } from '@xerotier/log';
import { Bus, ensureStream } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import { BUS_CONNECTION, CONFIG, LOGGER } from '@xerotier/service-host';
import { AccountSealer } from '@xerotier/usage-accounting';
import { createSecretKey } from 'node:crypto';
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
        { limits, usage: { sealKey } }: GatewayConfig,
      ) => {
        await ensureStream(connection, usageRecorded);
        // Workers publish to it, but only what a gateway has asked them to report.
        await ensureStream(connection, usageReported);
        const accounts = new AccountSealer(createSecretKey(sealKey));
        return new InferenceClient({
          bus,
          usage,
          log,
          limits,
          sealAccounting: (context, facts) => accounts.accountingOf(context, facts),
        });
      },
    },
  ],
  exports: [InferenceClient],
})
export class InferenceModule {}
