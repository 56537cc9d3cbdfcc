import { Module } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { CONFIG, LOGGER } from '@xerotier/service-host';
import type { RouterConfig } from '../config.ts';
import { LeaseTable } from '../fleet/lease-table.ts';
import { FleetDiscovery } from './fleet-discovery.ts';
import { LeastLoadedPolicy } from './least-loaded.policy.ts';
import { PlacementHandlers } from './placement.handlers.ts';
import { PlacementMetrics } from './placement-metrics.ts';
import { PlacementService } from './placement.service.ts';

@Module({
  providers: [
    FleetDiscovery,
    PlacementHandlers,
    PlacementMetrics,
    LeaseTable,
    LeastLoadedPolicy,
    {
      provide: PlacementService,
      inject: [LeaseTable, LeastLoadedPolicy, LOGGER, CONFIG],
      useFactory: (leases: LeaseTable, policy: LeastLoadedPolicy, log: Logger, { placement }: RouterConfig) =>
        new PlacementService(leases, policy, log, placement),
    },
  ],
})
export class PlacementModule {}
