/** The scheduler of the platform, as the router uses it. */
import { FairQueue, Scheduler } from '@xerotier/scheduler';
import type { Candidate, PlacementRequest, SchedulerOptions, WaitingRequest } from '@xerotier/scheduler';
import type { EngineModel } from './engine-model.ts';
import type { Random } from './random.ts';
import { BLOCK_TOKENS } from './sim-request.ts';
import type { SimRequest } from './sim-request.ts';
import type { SimRouter } from './sim-router.ts';

export interface OurOptions extends SchedulerOptions {
  /** Of each engine. */
  readonly slots?: number;
  /** Whether lines of batches wait for idle engines. Default true. */
  readonly restrainsBatches?: boolean;
}

/** What the output of a request is expected to have before it is known. */
const OUTPUT_TOKENS_EXPECTED = 150;
/** Lines of batches are placed on engines that write a token in this time at most, and compute no prompt. */
const BATCH_NEXT_TOKEN_MS = 30;
const BATCH_KV_USAGE_MAX = 0.8;

interface Queued extends WaitingRequest {
  readonly request: SimRequest;
}

class OurRouter implements SimRouter {
  dispatch: SimRouter['dispatch'] = () => undefined;
  readonly #fleet: readonly EngineModel[];
  readonly #scheduler: Scheduler;
  readonly #slots: number;
  readonly #restrainsBatches: boolean;
  readonly #used: number[];
  readonly #queue = new FairQueue<Queued>();
  readonly #placed = new Map<number, { readonly queued: Queued; readonly at: number; firstTokenAt: number }>();

  constructor(fleet: readonly EngineModel[], random: Random, options: OurOptions) {
    const { slots = 64, restrainsBatches = true, ...others } = options;
    this.#fleet = fleet;
    this.#slots = slots;
    this.#restrainsBatches = restrainsBatches;
    this.#used = new Array<number>(fleet.length).fill(0);
    this.#scheduler = new Scheduler({ random: random.next, ...others });
  }

  arrive(request: SimRequest, now: number): void {
    const { projectId, priority: workClass, promptTokens } = request;
    this.#queue.add({ request, projectId, workClass, weight: 1, promptTokens, outputTokens: OUTPUT_TOKENS_EXPECTED });
    this.#serve(now);
  }

  begin({ id }: SimRequest, _engine: number, now: number, cachedTokens: number): void {
    const placed = this.#placed.get(id);
    if (placed === undefined) return;
    placed.firstTokenAt = now;
    this.#scheduler.begin(String(id), now - placed.at, cachedTokens);
    this.#serve(now);
  }

  end({ id, promptTokens, outputTokens }: SimRequest, engine: number, now: number): void {
    this.#used[engine] = (this.#used[engine] as number) - 1;
    const placed = this.#placed.get(id);
    if (placed === undefined) return;
    this.#placed.delete(id);
    this.#queue.settle(placed.queued, { promptTokens, outputTokens });
    this.#scheduler.end(String(id), (now - placed.firstTokenAt) / Math.max(1, outputTokens - 1));
    this.#serve(now);
  }

  #serve(now: number): void {
    for (;;) {
      const free = this.#fleet.flatMap((_, engine) => ((this.#used[engine] as number) < this.#slots ? [engine] : []));
      if (free.length === 0) return;
      const idle = this.#restrainsBatches ? free.filter((engine) => this.#isIdle(engine)) : free;
      const queued = this.#queue.take(({ workClass }) => workClass !== 'batch' || idle.length > 0);
      if (queued === undefined) return;
      this.#place(queued, queued.workClass === 'batch' ? idle : free, now);
    }
  }

  #place(queued: Queued, engines: readonly number[], now: number): void {
    const { request } = queued;
    const { projectId, promptTokens, prefix } = request;
    const input: PlacementRequest = { projectId, promptTokens, prefix, blockTokens: BLOCK_TOKENS };
    const { workerId } = this.#scheduler.choose(
      input,
      engines.map((engine) => this.#candidate(engine)),
    );
    const engine = Number(workerId);
    this.#used[engine] = (this.#used[engine] as number) + 1;
    this.#placed.set(request.id, { queued, at: now, firstTokenAt: now });
    this.#scheduler.place(String(request.id), workerId, input);
    this.dispatch(request, engine);
  }

  #isIdle(engine: number): boolean {
    const { pendingTokens, nextToken } = this.#scheduler.memoryOf(String(engine));
    const { kvUsage, waiting } = this.#fleet[engine] as EngineModel;
    return (
      pendingTokens === 0 &&
      waiting === 0 &&
      kvUsage < BATCH_KV_USAGE_MAX &&
      nextToken.at((this.#used[engine] as number) + 1) < BATCH_NEXT_TOKEN_MS
    );
  }

  #candidate(engine: number): Candidate {
    const { kvUsage, waiting } = this.#fleet[engine] as EngineModel;
    return {
      ...{ workerId: String(engine), slots: this.#slots, used: this.#used[engine] as number, kvUsage, waiting },
      ...{ failureRate: 0, heartbeatAgeMs: 0, availableForMs: Infinity, isLoaded: true, isOwn: true },
    };
  }
}

export function ourRouter(fleet: readonly EngineModel[], random: Random, options: OurOptions = {}): SimRouter {
  return new OurRouter(fleet, random, options);
}
