/** Observes heartbeats and usage events on the bus, for tests that depend on the state of workers. */
import { usageRecord, usageRecorded } from '@xerotier/contracts/inference';
import { heartbeat } from '@xerotier/contracts/xim';
import type { UsageRecord } from '@xerotier/contracts/inference';
import type { WorkerState } from '@xerotier/contracts/xim';
import { Bus, connectBus } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import { silentLog } from '@xerotier/log/testing';
import { eventually } from '@xerotier/testing';

export interface ObservedWorker extends WorkerState {
  /** When the heartbeat was received, in `performance.now()` milliseconds. */
  readonly receivedAt: number;
}

/** A worker without a heartbeat for this long is considered stopped. */
const HEARTBEAT_TIMEOUT_MS = 3_500;

/** Only failing tests wait this long; machines may be slow. */
const TIMEOUT_MS = 30_000;

export class FleetWatch {
  readonly #bus: Bus;
  /** Models of the observed workers; the bus has other workers too. */
  readonly #modelIds: ReadonlySet<string>;
  readonly #workers = new Map<string, ObservedWorker>();
  /** Generations that were already running before the current test. */
  #ignored: ReadonlySet<string> = new Set();
  readonly #usages = new Map<string, UsageRecord & { readonly receivedAt: number }>();

  private constructor(bus: Bus, connection: BusConnection, modelIds: readonly string[]) {
    this.#bus = bus;
    this.#modelIds = new Set(modelIds);
    bus.subscribe(heartbeat, (state) => {
      if (this.#modelIds.has(state.modelId))
        this.#workers.set(state.workerId, { ...state, receivedAt: performance.now() });
    });
    // Durable events are published in batches.
    connection.nats.subscribe(usageRecorded.subject, {
      callback: (_, message) => {
        const receivedAt = performance.now();
        for (const record of usageRecord.array().parse(message.json()))
          this.#usages.set(record.requestId, { ...record, receivedAt });
      },
    });
  }

  static async connect(natsUrl: string, modelIds: readonly string[]): Promise<FleetWatch> {
    const log = silentLog();
    const connection = await connectBus({ url: natsUrl, name: 'e2e', log });
    const watch = new FleetWatch(new Bus(connection, { log }), connection, modelIds);
    await watch.#bus.flush();
    return watch;
  }

  /** The workers with a recent heartbeat. */
  get workers(): ObservedWorker[] {
    return [...this.#workers.values()].filter(
      ({ receivedAt }) => performance.now() - receivedAt < HEARTBEAT_TIMEOUT_MS,
    );
  }

  /** Makes {@link busyWorker} ignore the generations that are running now. To be called before each test. */
  ignoreRunning(): void {
    this.#ignored = new Set(this.workers.flatMap(({ active }) => active));
  }

  /** Waits for a heartbeat of a worker with a generation of the current test, and returns that worker. */
  busyWorker(timeoutMs = TIMEOUT_MS): Promise<ObservedWorker> {
    const isBusy = ({ active }: ObservedWorker): boolean => active.some((id) => !this.#ignored.has(id));
    return eventually('a worker is busy', () => this.workers.find(isBusy), timeoutMs);
  }

  /** Waits until every worker has sent a new heartbeat without generations. Returns how long that took, in milliseconds. */
  async allIdle(timeoutMs = TIMEOUT_MS): Promise<number> {
    const startedAt = performance.now();
    await eventually(
      'all slots are free',
      () =>
        this.workers.length > 0 &&
        this.workers.every(({ receivedAt, active }) => receivedAt > startedAt && active.length === 0),
      timeoutMs,
    );
    return performance.now() - startedAt;
  }

  /** Waits until the latest heartbeat of each worker has no generations. */
  async noneBusy(timeoutMs = TIMEOUT_MS): Promise<void> {
    const busy = (): ObservedWorker[] => this.workers.filter(({ active }) => active.length > 0);
    await eventually('all generations have ended', () => busy().length === 0, timeoutMs).catch((cause: unknown) => {
      const running = busy().map(({ workerId, modelId, active }) => `${workerId} (${modelId}): ${active.join(', ')}`);
      throw new Error(`Generations still run after ${timeoutMs} ms. ${running.join('; ')}`, { cause });
    });
  }

  /** Waits until exactly these workers send heartbeats, without generations. */
  async onlyWorkers(workerIds: readonly string[], timeoutMs = TIMEOUT_MS): Promise<void> {
    this.#workers.clear();
    const expected = [...workerIds].sort().join(' ');
    await eventually(
      `the workers ${expected} are idle`,
      () =>
        this.workers
          .map(({ workerId }) => workerId)
          .sort()
          .join(' ') === expected && this.workers.every(({ active }) => active.length === 0),
      timeoutMs,
    );
  }

  /** Waits for the usage event of a request. */
  usageOf(requestId: string, timeoutMs = TIMEOUT_MS): Promise<UsageRecord & { readonly receivedAt: number }> {
    return eventually(`the usage of ${requestId}`, () => this.#usages.get(requestId), timeoutMs);
  }

  async close(): Promise<void> {
    await this.#bus.close();
  }
}
