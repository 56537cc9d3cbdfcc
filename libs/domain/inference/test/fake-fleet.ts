/** A router and workers that do as they are told, served by the real contracts: what the inference client talks to in tests. */
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

/** Grants slots without end on the workers it is told of, and remembers everything that was said to it. */
export class FakeRouter {
  readonly acquired: AcquireInput[] = [];
  readonly granted: Lease[] = [];
  readonly released: (Lease & { outcome: string })[] = [];
  /** How often it was asked, answered or not. */
  calls = 0;
  /** Workers with room, the preferred one first. Without any, requests are queued. */
  workers: readonly string[];
  /** The answer to everything, when set. */
  rejection: AppError | undefined;
  /** It hears and says nothing. */
  silent = false;
  readonly #bus: Bus;
  readonly #held = new Set<() => void>();

  constructor(bus: Bus, workers: readonly string[]) {
    this.#bus = bus;
    this.workers = workers;
  }

  async serve(): Promise<Serving> {
    const listening = this.#bus.subscribe(leasesReleased, ({ leases }) => this.released.push(...leases));
    const serving = this.#bus.serve(routerContract, {
      acquire: async (input) => {
        await this.#silence();
        if (this.rejection !== undefined) throw this.rejection;
        if (this.#room(input) === undefined) await this.#hold(input.waitMs);
        return this.#outputFor(input);
      },
      acquireMany: async ({ requests }) => {
        await this.#silence();
        const { rejection } = this;
        if (rejection === undefined) return { results: requests.map((input) => this.#outputFor(input)) };
        return { results: requests.map(() => ({ status: 'rejected', error: rejection.toWire() })) };
      },
      getModels: () => ({ models: [] }),
    });
    await this.#bus.flush();
    return { stop: async () => void (await Promise.all([serving.stop(), listening.stop()])) };
  }

  /** Lets everybody who waits ask once more, now that there may be room. */
  freeSlots(workers: readonly string[]): void {
    this.workers = workers;
    for (const release of this.#held) release();
  }

  #outputFor(input: AcquireInput): AcquireOutput {
    this.acquired.push(structuredClone(input));
    const workerId = this.#room(input);
    if (workerId === undefined) return { status: 'queued', position: 1 };
    const lease = { leaseId: `lease_${this.granted.length}`, workerId };
    this.granted.push(lease);
    return { status: 'granted', ...lease };
  }

  #room({ excludedWorkers }: AcquireInput): string | undefined {
    // As the real one: workers that failed the request are better than none.
    return this.workers.find((workerId) => !excludedWorkers.includes(workerId)) ?? this.workers[0];
  }

  async #silence(): Promise<void> {
    this.calls += 1;
    if (this.silent) await new Promise(() => undefined);
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

/** What a generation on a fake worker writes to. */
export interface FakeStream {
  readonly signal: AbortSignal;
  head(head: { workerId: string; contentType?: string }): void;
  data(payload: Uint8Array): void;
  paused(): Promise<void> | undefined;
}

/** What a fake worker does with one generation. */
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

  /** Listens on its own subject, and on the shared one of its model when it is told to. */
  async serve({ shared = false } = {}): Promise<void> {
    // Scripts look at what all inputs have, or know what they are sent.
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

/** Says these texts, one frame each, and counts each as a token. */
export function says(...texts: readonly string[]): Script {
  return async (_input, stream, workerId) => {
    stream.head({ workerId });
    for (const text of texts) {
      stream.data(Buffer.from(text));
      await turn();
    }
    return { usage: usageOf(texts.length), cancelled: false };
  };
}

const TALKS_ON_MAX = 10_000;

/** Says its own name on and on until it is stopped; then counts what it said. */
export const talksOn: Script = async (_input, stream, workerId) => {
  stream.head({ workerId });
  let said = 0;
  while (!stream.signal.aborted && said < TALKS_ON_MAX) {
    stream.data(Buffer.from(workerId));
    said += 1;
    await (stream.paused() ?? turn());
  }
  return { usage: usageOf(said), cancelled: true };
};

/** Fails after so many tokens. */
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

/** Hears nothing, not even that it is to stop. */
export const isStuck: Script = () => new Promise(() => undefined);

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
