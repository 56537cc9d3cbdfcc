/** A fake router and fake workers that serve the real contracts, for tests of the inference client. */
import { leasesReleased, routerContract } from '@xerotier/contracts/router';
import { modelContract, workerContract } from '@xerotier/contracts/xim';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { AcquireInput, AcquireOutput } from '@xerotier/contracts/router';
import type { EmbeddingInput, GenerationEnd, GenerationInput, MediaInput, RankingInput } from '@xerotier/contracts/xim';
import type { AppError } from '@xerotier/errors';
import type { Bus, Serving } from '@xerotier/nats';

export const MODEL = 'm';

export interface Lease {
  readonly leaseId: string;
  readonly workerId: string;
}

/** Grants unlimited slots on the configured workers, and records all calls. */
export class FakeRouter {
  readonly acquired: AcquireInput[] = [];
  readonly granted: Lease[] = [];
  readonly released: (Lease & { outcome: string })[] = [];
  /** Number of calls, with and without a response. */
  calls = 0;
  /** Workers with free slots, the preferred one first. Without any, requests are queued. */
  workers: readonly string[];
  /** Rejects every request, if set. */
  rejection: AppError | undefined;
  /** Receives calls, but never responds. */
  unresponsive = false;
  readonly #bus: Bus;
  readonly #held = new Set<() => void>();

  constructor(bus: Bus, workers: readonly string[]) {
    this.#bus = bus;
    this.workers = workers;
  }

  async serve(): Promise<Serving> {
    const subscription = this.#bus.subscribe(leasesReleased, ({ leases }) => this.released.push(...leases));
    const serving = this.#bus.serve(routerContract, {
      acquire: async (input) => {
        await this.#received();
        if (this.rejection !== undefined) throw this.rejection;
        if (this.#freeWorker(input) === undefined) await this.#hold(input.waitMs);
        return this.#outputFor(input);
      },
      acquireMany: async ({ requests }) => {
        await this.#received();
        const { rejection } = this;
        if (rejection === undefined) return { results: requests.map((input) => this.#outputFor(input)) };
        return { results: requests.map(() => ({ status: 'rejected', error: rejection.toWire() })) };
      },
      getModels: () => ({ models: [] }),
      listModels: () => ({ data: [], hasMore: false }),
    });
    await this.#bus.flush();
    return { stop: async () => void (await Promise.all([serving.stop(), subscription.stop()])) };
  }

  /** Frees slots on these workers, and ends all held calls. */
  freeSlots(workers: readonly string[]): void {
    this.workers = workers;
    for (const release of this.#held) release();
  }

  #outputFor(input: AcquireInput): AcquireOutput {
    this.acquired.push(structuredClone(input));
    const workerId = this.#freeWorker(input);
    if (workerId === undefined) return { status: 'queued', position: 1 };
    const lease = { leaseId: `lease_${this.granted.length}`, workerId };
    this.granted.push(lease);
    return { status: 'granted', ...lease };
  }

  #freeWorker({ excludedWorkers }: AcquireInput): string | undefined {
    // As in the real router, a worker that failed the request is better than none.
    return this.workers.find((workerId) => !excludedWorkers.includes(workerId)) ?? this.workers[0];
  }

  async #received(): Promise<void> {
    this.calls += 1;
    if (this.unresponsive) await new Promise(() => undefined);
  }

  async #hold(waitMs: number): Promise<void> {
    let release = (): void => undefined;
    const freed = new Promise<void>((resolve) => (release = resolve));
    this.#held.add(release);
    const timer = setTimeout(release, waitMs);
    await freed;
    clearTimeout(timer);
    this.#held.delete(release);
  }
}

/** The stream of a generation on a fake worker. */
export interface FakeStream {
  readonly signal: AbortSignal;
  head(head: { workerId: string; contentType?: string }): void;
  data(payload: Uint8Array): void;
  paused(): Promise<void> | undefined;
}

/** The behaviour of a fake worker for one generation. */
export type Script = (input: GenerationInput, stream: FakeStream, workerId: string) => Promise<GenerationEnd>;

export class FakeWorker {
  readonly workerId: string;
  readonly received: GenerationInput[] = [];
  running = 0;
  runningMost = 0;
  script: Script;
  readonly #bus: Bus;

  constructor(bus: Bus, workerId: string, script: Script) {
    this.#bus = bus;
    this.workerId = workerId;
    this.script = script;
  }

  /** Serves its own subject, and with `shared` also the shared subject of its model. */
  async serve({ shared = false } = {}): Promise<void> {
    // Scripts use only common fields of the inputs, or know which input they receive.
    const run = (
      input: GenerationInput | EmbeddingInput | RankingInput | MediaInput,
      stream: FakeStream,
    ): Promise<GenerationEnd> => this.#run(input as GenerationInput, stream);
    const handlers = { generate: run, embed: run, rank: run, media: run };
    this.#bus.serve(workerContract, handlers, { values: { model: MODEL, worker: this.workerId }, queue: null });
    if (shared) this.#bus.serve(modelContract, handlers, { values: { model: MODEL } });
    await this.#bus.flush();
  }

  async #run(input: GenerationInput, stream: FakeStream): Promise<GenerationEnd> {
    this.received.push(input);
    this.running += 1;
    this.runningMost = Math.max(this.runningMost, this.running);
    try {
      return await this.script(input, stream, this.workerId);
    } finally {
      this.running -= 1;
    }
  }
}

export function usageOf(completionTokens: number, overrides: Partial<TokenUsage> = {}): TokenUsage {
  return {
    promptTokens: 7,
    cachedTokens: 2,
    completionTokens,
    reasoningTokens: 0,
    acceptedPredictionTokens: 0,
    rejectedPredictionTokens: 0,
    ...overrides,
  };
}

/** Sends these texts, one frame each, and counts each as a token. */
export function responds(...texts: readonly string[]): Script {
  return async (_input, stream, workerId) => {
    stream.head({ workerId });
    for (const text of texts) {
      stream.data(Buffer.from(text));
      await turn();
    }
    return { usage: usageOf(texts.length), cancelled: false };
  };
}

const FRAMES_MAX = 10_000;

/** Sends its own name until it is aborted; then reports the number of frames as tokens. */
export const streamsUntilAborted: Script = async (_input, stream, workerId) => {
  stream.head({ workerId });
  let sent = 0;
  while (!stream.signal.aborted && sent < FRAMES_MAX) {
    stream.data(Buffer.from(workerId));
    sent += 1;
    await (stream.paused() ?? turn());
  }
  return { usage: usageOf(sent), cancelled: true };
};

/** Fails after the given number of tokens. */
export function fails(error: AppError, afterTokens = 0): Script {
  return async (_input, stream, workerId) => {
    stream.head({ workerId });
    for (let i = 0; i < afterTokens; i += 1) {
      stream.data(Buffer.from(`${i}`));
      await turn();
    }
    throw error;
  };
}

/** Never ends, and ignores the abort signal. */
export const hangs: Script = () => new Promise(() => undefined);

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
