/** What the workers and the gateways say on the bus, for tests that must know what an engine does right now. */
import { usageRecord, usageRecorded } from '@xerotier/contracts/inference';
import { heartbeat } from '@xerotier/contracts/xim';
import type { UsageRecord } from '@xerotier/contracts/inference';
import type { WorkerState } from '@xerotier/contracts/xim';
import { Bus, connectBus } from '@xerotier/nats';
import type { BusConnection } from '@xerotier/nats';
import { silentLog } from '@xerotier/log/testing';
import { eventually } from '@xerotier/testing';

export interface HeardWorker extends WorkerState {
  /** In `performance.now()` milliseconds. */
  readonly heardAt: number;
}

/** Several heartbeats: a worker that said nothing for so long is gone. */
const GONE_AFTER_MS = 3_500;

/** Only a failing test waits for so long; a machine may be slow. */
const TIMEOUT_MS = 30_000;

export class FleetWatch {
  readonly #bus: Bus;
  /** Of the workers that this is about; others are on the bus too. */
  readonly #modelIds: ReadonlySet<string>;
  readonly #workers = new Map<string, HeardWorker>();
  /** Generations that were running before the present test. */
  #earlier: ReadonlySet<string> = new Set();
  readonly #usages = new Map<string, UsageRecord & { readonly heardAt: number }>();

  private constructor(bus: Bus, connection: BusConnection, modelIds: readonly string[]) {
    this.#bus = bus;
    this.#modelIds = new Set(modelIds);
    bus.subscribe(heartbeat, (state) => {
      if (this.#modelIds.has(state.modelId))
        this.#workers.set(state.workerId, { ...state, heardAt: performance.now() });
    });
    // Durable events travel as lists, of all that came within a few milliseconds.
    connection.nats.subscribe(usageRecorded.subject, {
      callback: (_, message) => {
        const heardAt = performance.now();
        for (const record of usageRecord.array().parse(message.json()))
          this.#usages.set(record.requestId, { ...record, heardAt });
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

  /** Workers that were heard of lately. */
  get workers(): HeardWorker[] {
    return [...this.#workers.values()].filter(({ heardAt }) => performance.now() - heardAt < GONE_AFTER_MS);
  }

  /** What is being generated now is not what {@link busyWorker} is asked about next. To be called before each test. */
  forgetBusy(): void {
    this.#earlier = new Set(this.workers.flatMap(({ active }) => active));
  }

  /** Waits until a heartbeat of a worker says that it generates something of this test, and returns that worker. */
  busyWorker(timeoutMs = TIMEOUT_MS): Promise<HeardWorker> {
    const isBusy = ({ active }: HeardWorker): boolean => active.some((id) => !this.#earlier.has(id));
    return eventually('a worker is busy', () => this.workers.find(isBusy), timeoutMs);
  }

  /** Waits until every worker has said, from now on, that it generates nothing. Returns how long that took. */
  async allIdle(timeoutMs = TIMEOUT_MS): Promise<number> {
    const since = performance.now();
    await eventually(
      'all slots are free',
      () =>
        this.workers.length > 0 && this.workers.every(({ heardAt, active }) => heardAt > since && active.length === 0),
      timeoutMs,
    );
    return performance.now() - since;
  }

  /** Waits until the latest heartbeat of each worker says that it generates nothing. */
  async noneBusy(timeoutMs = TIMEOUT_MS): Promise<void> {
    const busy = (): HeardWorker[] => this.workers.filter(({ active }) => active.length > 0);
    await eventually('all generations have ended', () => busy().length === 0, timeoutMs).catch((cause: unknown) => {
      const running = busy().map(({ workerId, modelId, active }) => `${workerId} (${modelId}): ${active.join(', ')}`);
      throw new Error(`Generations still run after ${timeoutMs} ms. ${running.join('; ')}`, { cause });
    });
  }

  /** Waits until exactly these workers are heard of again, and all of them are idle. */
  async onlyThese(workerIds: readonly string[], timeoutMs = TIMEOUT_MS): Promise<void> {
    this.#workers.clear();
    const wanted = [...workerIds].sort().join(' ');
    await eventually(
      `the workers ${wanted} are there and idle`,
      () =>
        this.workers
          .map(({ workerId }) => workerId)
          .sort()
          .join(' ') === wanted && this.workers.every(({ active }) => active.length === 0),
      timeoutMs,
    );
  }

  /** Waits for the usage event of a request: it comes once the worker has said what it used. */
  usageOf(requestId: string, timeoutMs = TIMEOUT_MS): Promise<UsageRecord & { readonly heardAt: number }> {
    return eventually(`the usage of ${requestId}`, () => this.#usages.get(requestId), timeoutMs);
  }

  async close(): Promise<void> {
    await this.#bus.close();
  }
}
