import { Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { leasesReleased, routerContract } from '@xerotier/contracts/router';
import type { AcquireInput, AcquireOutput } from '@xerotier/contracts/router';
import { heartbeat, workerLeft } from '@xerotier/contracts/xim';
import type { WorkerState } from '@xerotier/contracts/xim';
import { AppError } from '@xerotier/errors';
import { On, Serves } from '@xerotier/service-host';
import type { OnDrain } from '@xerotier/service-host';
import type { z } from 'zod';
import { PlacementService } from './placement.service.ts';

/** Interval of the checks for deadlines and heartbeat timeouts. */
const SWEEP_MS = 100;

const { acquire, acquireMany } = routerContract.operations;
type AcquireManyInput = z.output<typeof acquireMany.input>;
type AcquireManyOutput = z.input<typeof acquireMany.output>;

@Injectable()
export class PlacementHandlers implements OnApplicationBootstrap, OnDrain, OnModuleDestroy {
  #sweep: NodeJS.Timeout | undefined;

  constructor(private readonly placement: PlacementService) {}

  onApplicationBootstrap(): void {
    this.#sweep = setInterval(() => this.placement.sweep(), SWEEP_MS);
  }

  /** Waiting callers then retry at another router. */
  onDrain(): void {
    this.placement.dismissAll();
  }

  onModuleDestroy(): void {
    clearInterval(this.#sweep);
  }

  @Serves(acquire)
  acquire(input: AcquireInput): Promise<AcquireOutput> {
    return this.placement.acquire(input);
  }

  @Serves(acquireMany)
  async acquireMany({ requests }: AcquireManyInput): Promise<AcquireManyOutput> {
    return { results: await Promise.all(requests.map((input) => this.#acquireNow(input))) };
  }

  @On(heartbeat)
  onHeartbeat(state: WorkerState): void {
    this.placement.onHeartbeat(state);
  }

  @On(workerLeft)
  onWorkerLeft({ workerId }: z.output<typeof workerLeft.data>): void {
    this.placement.onWorkerLeft(workerId);
  }

  @On(leasesReleased)
  onLeasesReleased({ leases }: z.output<typeof leasesReleased.data>): void {
    for (const { workerId, leaseId, outcome } of leases) this.placement.release(workerId, leaseId, outcome === 'lost');
  }

  async #acquireNow(input: AcquireInput): Promise<AcquireManyOutput['results'][number]> {
    try {
      return await this.placement.acquire({ ...input, waitMs: 0 });
    } catch (error) {
      return { status: 'rejected', error: AppError.from(error).toWire() };
    }
  }
}
