import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { accessChanged } from '@xerotier/contracts/auth';
import { Bus } from '@xerotier/nats';
import { ANNOUNCE_ACCESS_CHANGE } from './access-change.ts';
import type { AnnounceAccessChange } from './access-change.ts';
import { PendingAccessChanges } from './pending-access-changes.ts';

/** Announces access changes to everything that caches responses of `authorize`. */
@Module({})
export class AccessChangesModule {
  /** At once. */
  static onBus(): DynamicModule {
    return {
      module: AccessChangesModule,
      global: true,
      providers: [
        {
          provide: ANNOUNCE_ACCESS_CHANGE,
          inject: [Bus],
          useFactory:
            (bus: Bus): AnnounceAccessChange =>
            (change) =>
              bus.publish(accessChanged, change),
        },
      ],
      exports: [ANNOUNCE_ACCESS_CHANGE],
    };
  }

  /** At the end of a command, which has no bus while it runs. */
  static pending(): DynamicModule {
    return {
      module: AccessChangesModule,
      global: true,
      providers: [
        PendingAccessChanges,
        {
          provide: ANNOUNCE_ACCESS_CHANGE,
          inject: [PendingAccessChanges],
          useFactory:
            (pending: PendingAccessChanges): AnnounceAccessChange =>
            (change) =>
              pending.add(change),
        },
      ],
      exports: [PendingAccessChanges, ANNOUNCE_ACCESS_CHANGE],
    };
  }
}
