/** The ways in over NATS: questions for slots and models, slots that are free again, and what workers say of themselves. */
import { Injectable } from '@nestjs/common';
import { leasesReleased, routerContract } from '@xerotier/contracts/router';
import { heartbeat, workerLeft } from '@xerotier/contracts/xim';
import type { AcquireInput, AcquireOutput } from '@xerotier/contracts/router';
import { AppError } from '@xerotier/errors';
import type { WireError } from '@xerotier/errors';
import { Bus } from '@xerotier/nats';
import type { Serving } from '@xerotier/nats';
import { ModelsService } from '../models/models.service.ts';
import { PlacementService } from './placement.service.ts';

/** How often deadlines and silent workers are looked at. */
const SWEEP_MS = 100;

@Injectable()
export class PlacementHandlers {
  readonly #listening: Serving[] = [];
  #serving: Serving | undefined;
  #sweep: NodeJS.Timeout | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly placement: PlacementService,
    private readonly models: ModelsService,
  ) {}

  /** Listens to the fleet first: a router that knows no worker would refuse everything. */
  async start(learnMs: number): Promise<void> {
    this.#listening.push(
      this.bus.subscribe(heartbeat, (state) => {
        this.placement.heard(state);
        void this.models.noteAdvertised(state);
      }),
      this.bus.subscribe(workerLeft, ({ workerId }) => this.placement.left(workerId)),
      this.bus.subscribe(leasesReleased, ({ leases }) => {
        for (const { workerId, leaseId, outcome } of leases)
          this.placement.release(workerId, leaseId, outcome === 'lost');
      }),
    );
    this.#sweep = setInterval(() => this.placement.sweep(), SWEEP_MS);
    await new Promise((resolve) => setTimeout(resolve, learnMs));
    this.#serving = this.bus.serve(routerContract, {
      acquire: (input) => this.placement.acquire(input),
      acquireMany: async ({ requests }) => ({
        answers: await Promise.all(requests.map((input) => this.#answerNow(input))),
      }),
      getModels: async ({ ids }) => ({ models: await this.models.get(ids) }),
    });
  }

  async #answerNow(input: AcquireInput): Promise<AcquireOutput | { status: 'refused'; error: WireError }> {
    try {
      return await this.placement.acquire({ ...input, waitMs: 0 });
    } catch (error) {
      return { status: 'refused', error: AppError.from(error).toWire() };
    }
  }

  /** Takes no more questions. Callers whose question is open ask again, and another router answers. */
  async stop(): Promise<void> {
    await this.#serving?.stop();
    this.placement.dismissAll();
    await Promise.all(this.#listening.map((listening) => listening.stop()));
    clearInterval(this.#sweep);
  }
}
