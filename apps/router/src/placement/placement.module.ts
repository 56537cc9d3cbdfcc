import { Module } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { CONFIG, LOGGER } from '@xerotier/service-host';
import type { RouterConfig } from '../config.ts';
import { SlotLedger } from '../fleet/slot-ledger.ts';
import { FleetDiscovery } from './fleet-discovery.ts';
import { LeastLoadedPolicy } from './least-loaded.policy.ts';
import { PlacementHandlers } from './placement.handlers.ts';
import { PlacementService } from './placement.service.ts';

@Module({
  providers: [
    FleetDiscovery,
    PlacementHandlers,
    SlotLedger,
    LeastLoadedPolicy,
    {
      provide: PlacementService,
      inject: [SlotLedger, LeastLoadedPolicy, LOGGER, CONFIG],
      useFactory: (ledger: SlotLedger, policy: LeastLoadedPolicy, log: Logger, { placement }: RouterConfig) =>
        new PlacementService(ledger, policy, log, placement),
    },
  ],
})
export class PlacementModule {}
