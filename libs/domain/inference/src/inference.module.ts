import { Module } from '@nestjs/common';
import type { ConfigOf } from '@xerotier/config';
import { usageRecorded, usageReported } from '@xerotier/contracts/inference';
import type { Logger } from '@xerotier/log';
import { Bus, ensureStream } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import { BUS_CONNECTION, CONFIG, LOGGER } from '@xerotier/service-host';
import { AccountSealer } from '@xerotier/usage-accounting';
import { createSecretKey } from 'node:crypto';
import { InferenceClient } from './inference-client.ts';
import type { inferenceSettings } from './inference-settings.ts';
import { UsagePublisher } from './usage-publisher.ts';

/**
 * `InferenceClient`, for a service with `BusModule` and `inferenceSettings`. The service drains it, since what follows a run is its own
 * business; usage records are confirmed after that, before the connection closes.
 */
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
        { limits, usage: { sealKey } }: ConfigOf<typeof inferenceSettings>,
      ) => {
        await ensureStream(connection, usageRecorded);
        // Workers publish to it, but only what they were asked to report.
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
