/**
 * llama.cpp in this process: one context with a sequence per slot. The library computes the next token of all running
 * generations in one batch (continuous batching); each generation is pulled by its reader, so a reader that does not
 * pull takes no computing time.
 *
 * Equal seeds give equal replies as long as a generation runs alone; in a batch the last digits of the numbers depend
 * on its size, and a reply may part from its twin after some tokens.
 */
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { ChatCompletionRequest, TokenUsage } from '@xerotier/contracts';
import type { LlamaContextSequence, LlamaModel, Token } from 'node-llama-cpp';
import { contentChunk, finishChunk, headEvent, roleChunk } from '../chunk-events.ts';
import type { FinishReason } from '../chunk-events.ts';
import type { LlamaConfig } from '../engine-config.ts';
import type { Engine, EngineEvent, EngineJob, EngineParameter } from '../engine.ts';
import { StopMatcher } from '../stop-matcher.ts';
import { askedMaxTokens, tokenBudget } from '../token-budget.ts';
import { noUsage } from '../usage.ts';
import { ChatTemplate } from './chat-template.ts';
import { modelFingerprint } from './fingerprint.ts';
import { loadLlamaRuntime } from './llama-runtime.ts';
import type { LlamaRuntime } from './llama-runtime.ts';
import { PromptEncoder } from './prompt-encoder.ts';
import { samplerOptions } from './sampling.ts';
import { SequencePool } from './sequence-pool.ts';
import { Utf8Assembler } from './utf8-assembler.ts';
import { Vocabulary } from './vocabulary.ts';
import type { VocabularyTables } from './vocabulary.ts';

/** A prompt is computed in pieces of this size: between two of them an abort is seen and other generations get their turn. */
const PREFILL_TOKENS = 64;
const CLOSE_TIMEOUT_MS = 5_000;

export class LlamaEngine implements Engine {
  readonly name = 'llama';
  readonly slots: number;
  readonly contextTokens: number;
  readonly fingerprint: string;
  readonly parameters: ReadonlySet<EngineParameter> = new Set<EngineParameter>([
    'seed',
    'frequency_penalty',
    'presence_penalty',
    'logit_bias',
  ]);
  readonly #runtime: LlamaRuntime;
  readonly #vocabulary: Vocabulary;
  readonly #prompts: PromptEncoder;
  readonly #pool: SequencePool<LlamaContextSequence>;
  #closing = false;

  /** @throws an Error that says what to do when the model cannot be used. */
  static async load(config: LlamaConfig, log?: Logger): Promise<LlamaEngine> {
    const runtime = await loadLlamaRuntime(config, log);
    try {
      return new LlamaEngine(runtime, await modelFingerprint(config.modelPath, runtime.version));
    } catch (error) {
      await runtime.dispose();
      throw error;
    }
  }

  private constructor(runtime: LlamaRuntime, fingerprint: string) {
    const { model, sequences, contextTokens } = runtime;
    this.#runtime = runtime;
    this.slots = sequences.length;
    this.contextTokens = contextTokens;
    this.fingerprint = fingerprint;
    this.#pool = new SequencePool(sequences);
    this.#vocabulary = new Vocabulary(vocabularyTables(model), (token) => model.detokenize([token as Token]));
    const template = new ChatTemplate({
      source: model.fileInfo.metadata.tokenizer.chat_template,
      bosText: model.tokens.bosString ?? undefined,
      eosText: model.tokens.eosString ?? undefined,
    });
    const tokenizer = {
      tokenize: (text: string, special: boolean, options?: 'trimLeadingSpace') =>
        model.tokenize(text, special, options),
      firstToken: model.tokens.shouldPrependBosToken ? (model.tokens.bos ?? undefined) : undefined,
    };
    this.#prompts = new PromptEncoder(template, this.#vocabulary, tokenizer, contextTokens);
  }

  async *generate(job: EngineJob, signal: AbortSignal): AsyncGenerator<EngineEvent, TokenUsage> {
    const prompt = this.#prompts.encode(job.request.messages) as Token[];
    const { maxTokens, clampedFrom } = tokenBudget(askedMaxTokens(job.request), prompt.length, this.contextTokens);
    const generation: Generation = {
      job,
      prompt,
      maxTokens,
      generated: [],
      usage: { ...noUsage(), promptTokens: prompt.length },
      stopped: () => signal.aborted || this.#closing,
    };
    const { model } = this.#runtime;
    const options = samplerOptions(job.request, job.choiceIndex, model, this.#vocabulary.size, generation.generated);

    yield headEvent(clampedFrom);
    if (!generation.stopped()) yield* this.#onSequence(generation, options);
    if (this.#closing && !signal.aborted) throw new AppError('worker.draining', { usage: generation.usage });
    return generation.usage;
  }

  /** Computes one token, with everything that takes part in it. */
  async ready(): Promise<void> {
    const request: ChatCompletionRequest = {
      model: 'any',
      messages: [{ role: 'user', content: 'Hello' }],
      max_tokens: 1,
    };
    const job: EngineJob = { request, choiceIndex: 0, cacheSalt: '' };
    let computed = false;
    for await (const event of this.generate(job, new AbortController().signal)) computed ||= event.type === 'chunk';
    if (!computed) throw new AppError('inference.engine_failed', {}, { cause: new Error('No token came out.') });
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, CLOSE_TIMEOUT_MS);
    await Promise.race([this.#pool.idle(), patience.promise]);
    clearTimeout(timer);
    await this.#runtime.dispose();
  }

  async *#onSequence(generation: Generation, options: SamplerOptions): AsyncGenerator<EngineEvent, void> {
    const { job, prompt, usage } = generation;
    let sequence: LlamaContextSequence | undefined;
    let intact = true;
    try {
      const lease = await this.#pool.acquire(prompt, job.cacheSalt);
      sequence = lease.sequence;
      usage.cachedTokens = lease.cachedTokens;
      const rest = await prefill(sequence, prompt.slice(lease.cachedTokens), generation.stopped);
      if (!generation.stopped()) yield* this.#reply(generation, sequence.evaluate(rest, options));
    } catch (error) {
      intact = false;
      throw AppError.is(error) ? error : new AppError('inference.engine_failed', { usage }, { cause: error });
    } finally {
      if (sequence !== undefined) await this.#pool.release(sequence, { intact });
    }
  }

  /** The token that ends a turn has no text and is not counted as a part of the reply. */
  async *#reply(generation: Generation, tokens: AsyncIterable<Token>): AsyncGenerator<EngineEvent, void> {
    const { job, usage, generated, maxTokens } = generation;
    const characters = new Utf8Assembler();
    const matcher = new StopMatcher([job.request.stop ?? []].flat());
    let finish: FinishReason = 'stop';
    let isFirst = true;
    for await (const token of tokens) {
      const ends = this.#runtime.model.isEogToken(token);
      if (!ends) usage.completionTokens = generated.push(token);
      if (generation.stopped()) return;
      if (isFirst) yield roleChunk(job.choiceIndex);
      isFirst = false;
      if (ends) break;
      const { text, stopped } = matcher.push(characters.push(this.#vocabulary.bytesOf(token)));
      if (text !== '') yield contentChunk(job.choiceIndex, text);
      if (stopped) break;
      if (generated.length >= maxTokens) {
        finish = 'length';
        break;
      }
      if (generation.stopped()) return;
    }
    if (isFirst) throw new Error('The model gave no token.');
    const rest = matcher.flush();
    if (rest !== '') yield contentChunk(job.choiceIndex, rest);
    yield finishChunk(job.choiceIndex, finish);
  }
}

type SamplerOptions = ReturnType<typeof samplerOptions>;

interface Generation {
  readonly job: EngineJob;
  readonly prompt: readonly Token[];
  readonly maxTokens: number;
  /** The tokens of the reply so far; the penalties read them. */
  readonly generated: Token[];
  readonly usage: TokenUsage;
  readonly stopped: () => boolean;
}

/** Computes all but the last piece of the prompt and returns that piece, whose end the first token is sampled from. */
async function prefill(
  sequence: LlamaContextSequence,
  prompt: readonly Token[],
  stopped: () => boolean,
): Promise<Token[]> {
  let from = 0;
  while (prompt.length - from > PREFILL_TOKENS && !stopped()) {
    await sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(from, from + PREFILL_TOKENS));
    from += PREFILL_TOKENS;
  }
  return prompt.slice(from);
}

function vocabularyTables(model: LlamaModel): VocabularyTables {
  const tables = model.fileInfo.metadata.tokenizer.ggml;
  return { model: tables.model, tokens: tables.tokens, token_type: tables.token_type };
}
