/**
 * llama.cpp in this process, for vectors instead of text. Inputs of all requests take turns on one context, one whole
 * input each, so a long list does not keep a short one waiting. Vectors have the length 1.
 */
import { emptyUsage } from '@xerotier/contracts/inference';
import type { TokenUsage } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { Token } from 'node-llama-cpp';
import {
  inputTooLong,
  normalised,
  rejectOtherDimensions,
  rejectTooManyTogether,
  rejectUnknownTokens,
} from '../embedding-rules.ts';
import type { LlamaModelConfig } from '../engine-config.ts';
import type { EmbeddingEngine, EmbedJob } from '../engine.ts';
import { modelFingerprint } from './fingerprint.ts';
import { loadEmbeddingRuntime } from './llama-runtime.ts';
import type { EmbeddingRuntime } from './llama-runtime.ts';
import { vocabularyTables } from './vocabulary-tables.ts';

/** Vocabularies of words have one token for all words that they do not know, however long these are. */
const WORD_LENGTH_MAX = 1_000;

interface Input {
  readonly tokens: readonly Token[];
  /** With the tokens that this model has around every input. */
  readonly length: number;
}

export class LlamaEmbeddingEngine implements EmbeddingEngine {
  readonly name = 'llama';
  readonly slots: number;
  readonly contextTokens: number;
  readonly fingerprint: string;
  readonly #runtime: EmbeddingRuntime;
  readonly #vocabularySize: number;
  /** The longest text that one token can stand for, in UTF-16 units. */
  readonly #longestToken: number;
  readonly #running = new Set<Promise<unknown>>();
  #closing = false;

  /** @throws an Error that says what to do when the model cannot be used. */
  static async load(config: LlamaModelConfig, log?: Logger): Promise<LlamaEmbeddingEngine> {
    const runtime = await loadEmbeddingRuntime(config, log);
    try {
      return new LlamaEmbeddingEngine(runtime, config.slots, await modelFingerprint(config.modelPath, runtime.version));
    } catch (error) {
      await runtime.dispose();
      throw error;
    }
  }

  private constructor(runtime: EmbeddingRuntime, slots: number, fingerprint: string) {
    this.#runtime = runtime;
    this.slots = slots;
    this.contextTokens = runtime.contextTokens;
    this.fingerprint = fingerprint;
    const { model, tokens } = vocabularyTables(runtime.model);
    this.#vocabularySize = tokens.length;
    const longest = tokens.reduce((length, text) => Math.max(length, text.length), 1);
    this.#longestToken = model === 'bert' ? Math.max(longest, WORD_LENGTH_MAX) : longest;
  }

  /** All inputs are read before the first is computed: a request that cannot be answered as a whole costs nothing. */
  async *embed(job: EmbedJob, signal: AbortSignal): AsyncGenerator<Float32Array, TokenUsage> {
    rejectOtherDimensions(job.dimensions, this.#runtime.model.embeddingVectorSize);
    const inputs: Input[] = [];
    let together = 0;
    for (const [index, input] of job.inputs.entries()) {
      if (signal.aborted) return emptyUsage();
      const read = this.#read(input, job.paramOf(index), job.tokensMaxOf?.(index));
      together += read.length;
      rejectTooManyTogether(job.paramOf(index), together);
      inputs.push(read);
      // Reading a long list takes a while, and heartbeats must not wait for it.
      await nextTurn();
    }
    const usage = emptyUsage();
    for (const input of inputs) {
      if (signal.aborted) return usage;
      if (this.#closing) throw new AppError('worker.draining', { usage });
      const vector = await this.#compute(input, usage);
      usage.promptTokens += input.length;
      yield vector;
    }
    return usage;
  }

  /** Computes one vector, with everything that takes part in it. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    await Promise.allSettled(this.#running);
    await this.#runtime.dispose();
  }

  /** @param tokensMax only so many of its tokens count, the first ones. */
  #read(whole: string | readonly number[], param: string, tokensMax?: number): Input {
    const { model, context } = this.#runtime;
    // More text than so many tokens can stand for need not be looked at.
    const input = tokensMax === undefined ? whole : whole.slice(0, tokensMax * this.#longestToken);
    if (typeof input === 'string') {
      // Without tokenizing it, which takes seconds for tens of megabytes.
      const tokensMin = Math.ceil(input.length / this.#longestToken);
      if (tokensMin > this.contextTokens) throw inputTooLong(param, tokensMin, this.contextTokens);
    } else {
      rejectUnknownTokens(param, input, this.#vocabularySize);
    }
    const all = typeof input === 'string' ? model.tokenize(input, false) : (input as readonly Token[]);
    const tokens = all.slice(0, tokensMax);
    const length = context.calculateInputLength([...tokens]);
    if (length > this.contextTokens) throw inputTooLong(param, length, this.contextTokens);
    if (length === 0) {
      const reason = `Invalid value for '${param}': the model reads nothing in it.`;
      throw new AppError('request.invalid', { reason }, { param });
    }
    return { tokens, length };
  }

  async #compute({ tokens }: Input, usage: TokenUsage): Promise<Float32Array> {
    const computing = this.#runtime.context.getEmbeddingFor([...tokens]);
    this.#running.add(computing);
    try {
      const { vector } = await computing;
      if (vector.length === 0 || !vector.every(Number.isFinite))
        throw new Error('The model gave no vector of numbers.');
      return normalised(vector);
    } catch (cause) {
      throw new AppError('inference.engine_failed', { usage }, { cause });
    } finally {
      this.#running.delete(computing);
    }
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
