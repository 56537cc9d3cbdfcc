/**
 * A model of vLLM: continuous batching with chunked prefill, a KV cache of blocks with prefix caching and eviction of what was used least
 * recently. Time passes in steps, each of which computes one token of every running request and, with what is left of the token budget, parts
 * of prompts.
 *
 * Simpler than the real engine: a request gets the memory for its whole output when it begins, so that none is interrupted; and a step takes a
 * time that is linear in its work.
 */
import { BLOCK_TOKENS } from './sim-request.ts';
import type { SimRequest } from './sim-request.ts';

export interface EngineCosts {
  /** Of a step, however little it computes: reading the weights. */
  readonly stepMs: number;
  /** Of each token of a prompt. */
  readonly promptTokenMs: number;
  /** Of each running request, and of each thousand tokens of its context, in a step. */
  readonly sequenceMs: number;
  readonly contextMs: number;
  readonly kvTokens: number;
  readonly sequencesMax: number;
  /** Tokens of a step: `max_num_batched_tokens`. */
  readonly stepTokensMax: number;
}

/**
 * Llama 3.1 8B in bfloat16 on one A100 with 40 GB. Decoding alone was measured at 75 tokens/s with vLLM 0.23, and 6.6 times that with 8
 * requests of 1,024 tokens at once (johnmusgrave.com, "vLLM throughput-latency sweep on NVIDIA A100"), which these costs reproduce. A token
 * of a prompt takes 16 GFLOP, of which the GPU computes 312 TFLOP/s at best; half of it is assumed. Each token of the cache has 128 KiB,
 * and 18 GB are left for it beside the weights. 2,048 tokens for a step, and 256 sequences are defaults of vLLM.
 */
export const A100: EngineCosts = {
  stepMs: 13.2,
  promptTokenMs: 0.1,
  sequenceMs: 0.05,
  contextMs: 0.085,
  kvTokens: 137_000,
  sequencesMax: 256,
  stepTokensMax: 2_048,
};

interface Running {
  readonly request: SimRequest;
  readonly submittedAt: number;
  readonly blocks: readonly number[];
  readonly cachedTokens: number;
  /** Tokens of the prompt that are left to be computed. */
  prefill: number;
  written: number;
  firstTokenAt: number;
}

export interface EngineEvents {
  begin(request: SimRequest, at: number, cachedTokens: number): void;
  end(request: SimRequest, at: number, firstTokenAt: number, cachedTokens: number): void;
}

export class EngineModel {
  readonly costs: EngineCosts;
  readonly #events: EngineEvents;
  readonly #waiting: { request: SimRequest; submittedAt: number }[] = [];
  #running: Running[] = [];
  /** Blocks in memory with the number of requests that use them; those that nobody uses in the order of their last use. */
  readonly #cache = new Map<number, number>();
  #blocksUsed = 0;
  /** Blocks of running requests that no other can share. */
  #privateBlocks = 0;
  #planned: { readonly startedAt: number; readonly stepMs: number; steps: number } | undefined;
  #now = 0;
  /** Events are told while it advances, upon which new requests may come. */
  #isAdvancing = false;
  busyMs = 0;

  constructor(costs: EngineCosts, events: EngineEvents) {
    this.costs = costs;
    this.#events = events;
  }

  get inFlight(): number {
    return this.#waiting.length + this.#running.length;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get kvUsage(): number {
    return (this.#blocksUsed + this.#privateBlocks) / this.#blocksMax;
  }

  /** When the next step ends that changes anything; infinity while idle. */
  get nextEventAt(): number {
    const { startedAt, stepMs, steps } = this.#planned ?? { startedAt: Infinity, stepMs: 0, steps: 0 };
    return startedAt + stepMs * steps;
  }

  submit(request: SimRequest, now: number): void {
    this.#waiting.push({ request, submittedAt: now });
    if (this.#isAdvancing) return;
    if (this.#planned === undefined) {
      this.#now = now;
      this.#plan();
      return;
    }
    // The step that runs now is the last one without it.
    const { startedAt, stepMs, steps } = this.#planned;
    this.#planned.steps = Math.min(steps, Math.max(1, Math.ceil((now - startedAt) / stepMs)));
  }

  /** Ends the steps that were planned. Call it at `nextEventAt`. */
  advance(): void {
    const planned = this.#planned;
    if (planned === undefined) return;
    const { steps, stepMs } = planned;
    this.#now = this.nextEventAt;
    this.busyMs += steps * stepMs;
    this.#planned = undefined;
    this.#isAdvancing = true;
    let budget = this.costs.stepTokensMax - this.#running.filter(({ prefill }) => prefill === 0).length;
    const isLeft = (running: Running): boolean => {
      if (running.prefill > 0) {
        const computed = Math.min(running.prefill, Math.max(0, budget));
        budget -= computed;
        running.prefill -= computed;
        if (running.prefill > 0) return true;
        running.firstTokenAt = this.#now;
        running.written = 1;
      } else running.written += steps;
      return running.written < running.request.outputTokens;
    };
    const begun: Running[] = [];
    const ended: Running[] = [];
    this.#running = this.#running.filter((running) => {
      const hadBegun = running.written > 0;
      const isRunning = isLeft(running);
      if (!hadBegun && running.written > 0) begun.push(running);
      if (!isRunning) ended.push(running);
      return isRunning;
    });
    for (const { request, cachedTokens } of begun) this.#events.begin(request, this.#now, cachedTokens);
    for (const running of ended) this.#end(running);
    this.#isAdvancing = false;
    this.#plan();
  }

  get #blocksMax(): number {
    return Math.floor(this.costs.kvTokens / BLOCK_TOKENS);
  }

  #plan(): void {
    this.#admit();
    if (this.#running.length === 0) return;
    const { stepMs, promptTokenMs, sequenceMs, contextMs, stepTokensMax } = this.costs;
    let [decoding, context, prefill, untilEnd] = [0, 0, 0, Infinity];
    for (const { request, prefill: left, written } of this.#running) {
      if (left > 0) {
        prefill += left;
        continue;
      }
      decoding += 1;
      context += request.promptTokens + written;
      untilEnd = Math.min(untilEnd, request.outputTokens - written);
    }
    const computed = Math.min(prefill, Math.max(0, stepTokensMax - decoding));
    this.#planned = {
      startedAt: this.#now,
      stepMs: stepMs + computed * promptTokenMs + decoding * sequenceMs + (context / 1_000) * contextMs,
      steps: prefill > 0 ? 1 : untilEnd,
    };
  }

  /** First come, first served: the first one that has no memory makes all others wait. */
  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const { request, submittedAt } = next;
      if (this.#running.length >= this.costs.sequencesMax) return;
      const all = [...request.prefix, ...request.outputBlocks];
      const known = request.prefix.findIndex((block) => !this.#cache.has(block));
      const hits = known === -1 ? request.prefix.length : known;
      const incomplete = Math.ceil((request.promptTokens + request.outputTokens) / BLOCK_TOKENS) - all.length;
      const unusedHits = request.prefix.slice(0, hits).filter((block) => this.#cache.get(block) === 0).length;
      const needed = all.length - hits + Math.max(0, incomplete);
      if (this.#blocksUsed + this.#privateBlocks + unusedHits + needed > this.#blocksMax) return;
      this.#waiting.shift();
      this.#use(all);
      this.#privateBlocks += Math.max(0, incomplete);
      this.#evict();
      // The last token of a prompt is always computed.
      const cachedTokens = Math.min(hits * BLOCK_TOKENS, request.promptTokens - 1);
      const prefill = request.promptTokens - cachedTokens;
      this.#running.push({ request, submittedAt, blocks: all, cachedTokens, prefill, written: 0, firstTokenAt: 0 });
    }
  }

  #use(blocks: readonly number[]): void {
    for (const block of blocks) {
      const uses = this.#cache.get(block) ?? 0;
      if (uses === 0) this.#blocksUsed += 1;
      this.#cache.delete(block);
      this.#cache.set(block, uses + 1);
    }
  }

  #end({ request, blocks, firstTokenAt, cachedTokens }: Running): void {
    // The beginning of a prompt last: it is evicted after what follows it.
    for (const block of blocks.toReversed()) {
      const uses = (this.#cache.get(block) ?? 1) - 1;
      this.#cache.delete(block);
      this.#cache.set(block, uses);
      if (uses === 0) this.#blocksUsed -= 1;
    }
    this.#privateBlocks -= Math.max(
      0,
      Math.ceil((request.promptTokens + request.outputTokens) / BLOCK_TOKENS) - blocks.length,
    );
    this.#events.end(request, this.#now, firstTokenAt, cachedTokens);
  }

  #evict(): void {
    if (this.#cache.size + this.#privateBlocks <= this.#blocksMax) return;
    for (const [block, uses] of this.#cache) {
      if (uses > 0) continue;
      this.#cache.delete(block);
      if (this.#cache.size + this.#privateBlocks <= this.#blocksMax) return;
    }
  }
}
