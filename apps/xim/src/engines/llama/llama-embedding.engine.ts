/**
 * llama.cpp in this process, for embeddings. Concurrent requests take turns on one context, one input at a time, so a long list
 * does not block a short one. Vectors have length 1.
 */
import { emptyUsage } from '@xerotier/contracts/inference';
import type { TokenUsage } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { Token } from 'node-llama-cpp';
import {
  inputTooLong,
  normalized,
  rejectUnsupportedDimensions,
  rejectTooManyTokens,
  rejectUnknownTokens,
} from '../embedding-rules.ts';
import type { LlamaModelConfig } from '../engine-config.ts';
import type { EmbeddingEngine, EmbedJob } from '../engine.ts';
import { modelFingerprint } from './fingerprint.ts';
import { loadEmbeddingRuntime } from './llama-runtime.ts';
import type { EmbeddingRuntime } from './llama-runtime.ts';
import { vocabularyTables } from './vocabulary-tables.ts';

/** Word vocabularies have one token for all unknown words, however long they are. */
const WORD_LENGTH_MAX = 1_000;

interface Input {
  readonly tokens: readonly Token[];
  /** Includes the special tokens that this model adds to every input. */
  readonly length: number;
}

export class LlamaEmbeddingEngine implements EmbeddingEngine {
  readonly name = 'llama';
  readonly slots: number;
  readonly contextTokens: number;
  readonly fingerprint: string;
  readonly #runtime: EmbeddingRuntime;
  readonly #vocabularySize: number;
  /** Length of the longest token, in UTF-16 code units. */
  readonly #longestToken: number;
  readonly #running = new Set<Promise<unknown>>();
  #closing = false;

  /** @throws an Error with instructions for the operator when the model cannot be used. */
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

  /** Validates all inputs before it computes the first one, so that an invalid request costs nothing. */
  async *embed(job: EmbedJob, signal: AbortSignal): AsyncGenerator<Float32Array, TokenUsage> {
    rejectUnsupportedDimensions(job.dimensions, this.#runtime.model.embeddingVectorSize);
    const inputs: Input[] = [];
    let totalTokens = 0;
    for (const [index, input] of job.inputs.entries()) {
      if (signal.aborted) return emptyUsage();
      const tokenized = this.#tokenize(input, job.paramOf(index), job.tokensMaxOf?.(index));
      totalTokens += tokenized.length;
      rejectTooManyTokens(job.paramOf(index), totalTokens);
      inputs.push(tokenized);
      // Tokenizing a long list must not delay heartbeats.
      await nextTurn();
    }
    const usage = emptyUsage();
    for (const input of inputs) {
      if (signal.aborted) return usage;
      if (this.#closing) throw new AppError('worker.draining', { usage });
      const vector = await this.#compute(input, usage);
      usage.promptTokens += input.length;
      job.onInputTokens?.(input.length);
      yield vector;
    }
    return usage;
  }

  /** Waits for the running computations and unloads the model. Running requests end with `worker.draining`. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    await Promise.allSettled(this.#running);
    await this.#runtime.dispose();
  }

  /** @param tokensMax number of tokens that the input is truncated to. */
  #tokenize(whole: string | readonly number[], param: string, tokensMax?: number): Input {
    const { model, context } = this.#runtime;
    // Text beyond the length of that many tokens is irrelevant.
    const input = tokensMax === undefined ? whole : whole.slice(0, tokensMax * this.#longestToken);
    if (typeof input === 'string') {
      // Checked before tokenizing, which takes seconds for tens of megabytes.
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
      const reason = `Invalid value for '${param}': it contains no tokens.`;
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
        throw new Error('The model returned an empty or non-finite vector.');
      return normalized(vector);
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
