import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import { LeaseTable } from '../fleet/lease-table.ts';
import { metrics, modelLabels } from '../metrics.ts';
import { PlacementService } from './placement.service.ts';

/** Gauges of queue and fleet, read when they are scraped. */
@Injectable()
export class PlacementMetrics implements OnModuleInit, OnModuleDestroy {
  #ends: (() => void)[] = [];

  constructor(
    private readonly placement: PlacementService,
    private readonly leases: LeaseTable,
  ) {}

  onModuleInit(): void {
    this.#ends = [
      metrics.queuedRequests.observe(() =>
        this.placement
          .waiting()
          .map(({ modelId, priority }) => [{ model: modelLabels.of(modelId), priority }, 1] as const),
      ),
      metrics.slots.observe(() =>
        this.leases.census().flatMap(({ modelId, state, slots, used }) => {
          const model = modelLabels.of(modelId);
          const free = Math.max(0, slots - used);
          return [
            [{ model, state: 'used' }, used],
            [{ model, state: state === 'available' ? 'free' : 'unavailable' }, free],
          ] as const;
        }),
      ),
      metrics.workers.observe(() =>
        this.leases.census().map(({ modelId, state }) => [{ model: modelLabels.of(modelId), state }, 1] as const),
      ),
    ];
  }

  onModuleDestroy(): void {
    for (const end of this.#ends.splice(0)) end();
  }
}
