/** Publishes the state of this worker to the fleet: once a second, and immediately when its availability changes. */
import { heartbeat, workerLeft } from '@xerotier/contracts/xim';
import type { EngineLoad } from '@xerotier/contracts/xim';
import type { Bus } from '@xerotier/nats';
import type { Engine } from '../engines/engine.ts';
import type { GenerationsService } from '../generations/generations.service.ts';
import type { ReportedHealth } from '../health/engine-health.ts';
import type { WorkerIdentity } from './worker-identity.ts';

const INTERVAL_MS = 1_000;

export class HeartbeatService {
  readonly #bus: Bus;
  readonly #engine: Engine;
  readonly #generations: GenerationsService;
  readonly #health: ReportedHealth;
  readonly #identity: WorkerIdentity;
  readonly #load: () => EngineLoad | undefined;
  readonly #startedAt = Date.now();
  #timer: NodeJS.Timeout | undefined;

  /** @param load returns what the server behind the engine reports; undefined if that is unknown. */
  constructor(
    bus: Bus,
    engine: Engine,
    generations: GenerationsService,
    health: ReportedHealth,
    identity: WorkerIdentity,
    load: () => EngineLoad | undefined = () => undefined,
  ) {
    this.#bus = bus;
    this.#engine = engine;
    this.#generations = generations;
    this.#health = health;
    this.#identity = identity;
    this.#load = load;
  }

  start(): void {
    this.beat();
    this.#timer = setInterval(() => this.beat(), INTERVAL_MS);
  }

  beat(): void {
    const { workerId, modelId } = this.#identity;
    const engineLoad = this.#load();
    this.#bus.publish(
      heartbeat,
      {
        workerId,
        modelId,
        engine: this.#engine.name,
        slots: this.#engine.slots,
        active: this.#generations.active(),
        contextTokens: this.#engine.contextTokens,
        draining: this.#generations.draining,
        startedAt: this.#startedAt,
        available: this.#health.available,
        ...(this.#health.reason !== undefined && { unavailableReason: this.#health.reason }),
        ...(this.#health.failureRate > 0 && { failureRate: this.#health.failureRate }),
        ...(engineLoad !== undefined && { engineLoad }),
      },
      { values: { worker: workerId } },
    );
  }

  /** Publishes that the worker left, so that the fleet need not wait for its heartbeat to time out. */
  stop(): void {
    clearInterval(this.#timer);
    const { workerId } = this.#identity;
    this.#bus.publish(workerLeft, { workerId }, { values: { worker: workerId } });
  }
}
