import { Module } from '@nestjs/common';
import { ANNOUNCE_ACCESS_CHANGE } from './access-change.ts';
import type { AnnounceAccessChange } from './access-change.ts';
import { PendingAccessChanges } from './pending-access-changes.ts';

/** Collects access changes for commands, which have no bus while they run. */
@Module({
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
})
export class AccessChangesModule {}
