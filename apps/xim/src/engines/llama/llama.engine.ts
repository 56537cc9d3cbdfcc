/**
 * llama.cpp in this process: one context with a sequence per slot. The library computes the next token of all running
 * generations in one batch (continuous batching). Each generation is pulled by its reader, so a paused reader uses no CPU time.
 *
 * Equal seeds give equal completions as long as a generation runs alone; in a batch the rounding errors depend on the batch size,
 * and completions may diverge after some tokens.
 */
import { emptyUsage } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import type { Logger } from '@xerotier/log';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { ChatCompletionRequest, ReasoningEffort } from '@xerotier/public-api/chat-completions';
import type { LlamaContextSequence, LlamaGrammar, Token } from 'node-llama-cpp';
import { headEvent } from '../chunk-events.ts';
import type { LlamaModelConfig } from '../engine-config.ts';
import type { ChatEngine, EngineEvent, EngineJob, EngineParameter } from '../engine.ts';
import { requestedMaxTokens, tokenBudget } from '../token-budget.ts';
import { ChatTemplate } from './chat-template.ts';
import type { TemplateContext } from './chat-template.ts';
import { dialectOf } from './dialect.ts';
import type { Dialect } from './dialect.ts';
import { modelFingerprint } from './fingerprint.ts';
import { GrammarCache } from './grammar/grammar-cache.ts';
import { GrammarGuide } from './grammar/grammar-guide.ts';
import type { GuideGrammars } from './grammar/grammar-guide.ts';
import { callableTools, replyGrammars } from './grammar/reply-grammars.ts';
import type { ReplyGrammars } from './grammar/reply-grammars.ts';
import { loadLlamaRuntime } from './llama-runtime.ts';
import type { LlamaRuntime } from './llama-runtime.ts';
import { LogprobBuffer } from './logprob-buffer.ts';
import { PredictionCounter } from './prediction-counter.ts';
import { PromptEncoder } from './prompt-encoder.ts';
import { ReplyReader } from './reply-reader.ts';
import { ReplyWriter } from './reply-writer.ts';
import { samplerOptions } from './sampling.ts';
import { SequencePool } from './sequence-pool.ts';
import { Utf8Assembler } from './utf8-assembler.ts';
import { Vocabulary } from './vocabulary.ts';
import { vocabularyTables } from './vocabulary-tables.ts';

/** A prompt is computed in pieces of this size; in between, aborts are checked and other generations proceed. */
const PREFILL_TOKENS = 64;
const CLOSE_TIMEOUT_MS = 5_000;

export class LlamaEngine implements ChatEngine {
  readonly name = 'llama';
  readonly slots: number;
  readonly contextTokens: number;
  readonly fingerprint: string;
  readonly parameters: ReadonlySet<EngineParameter>;
  readonly #runtime: LlamaRuntime;
  readonly #vocabulary: Vocabulary;
  readonly #prompts: PromptEncoder;
  readonly #pool: SequencePool<LlamaContextSequence>;
  readonly #dialect: Dialect;
  readonly #promptOpensReasoning: boolean;
  readonly #grammars: GrammarCache;
  #closing = false;

  /** @throws an Error with instructions for the operator when the model cannot be used. */
  static async load(config: LlamaModelConfig, log?: Logger): Promise<LlamaEngine> {
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
    const source = model.fileInfo.metadata.tokenizer.chat_template;
    this.#dialect = dialectOf(source);
    this.parameters = parametersOf(this.#dialect);
    this.#grammars = new GrammarCache((text) => runtime.createGrammar(text));
    const template = new ChatTemplate({
      source,
      bosText: model.tokens.bosString ?? undefined,
      eosText: model.tokens.eosString ?? undefined,
    });
    const tokenizer = {
      tokenize: (text: string, special: boolean, options?: 'trimLeadingSpace') =>
        model.tokenize(text, special, options),
      firstToken: model.tokens.shouldPrependBosToken ? (model.tokens.bos ?? undefined) : undefined,
    };
    this.#promptOpensReasoning = template.promptEndsWith(this.#dialect.reasoningOpens);
    this.#prompts = new PromptEncoder(template, this.#vocabulary, tokenizer, contextTokens);
  }

  async *generate(job: EngineJob, signal: AbortSignal): AsyncGenerator<EngineEvent, TokenUsage> {
    const plan = planOf(job.request, this.#dialect);
    const prompt = this.#prompts.encode(job.request.messages, plan) as Token[];
    const { maxTokens, clampedFrom } = tokenBudget(requestedMaxTokens(job.request), prompt.length, this.contextTokens);
    const { model } = this.#runtime;
    const guide = new GrammarGuide(model, await this.#grammarsOf(plan));
    const generation: Generation = {
      job,
      prompt,
      reader: new ReplyReader(this.#dialect, { reasoning: this.#reasoning(plan), mayCall: plan.mayCall }),
      mayCall: plan.mayCall,
      guide,
      maxTokens,
      generated: [],
      usage: { ...emptyUsage(), promptTokens: prompt.length },
      stopped: () => signal.aborted || this.#closing,
    };
    const options = {
      ...samplerOptions(job.request, job.choiceIndex, model, this.#vocabulary.size, generation.generated),
      grammarEvaluationState: () => guide.state,
    };

    yield headEvent(clampedFrom, effortOf(plan, this.#dialect));
    if (!generation.stopped()) yield* this.#onSequence(generation, options);
    if (this.#closing && !signal.aborted) throw new AppError('worker.draining', { usage: generation.usage });
    return generation.usage;
  }

  async count(request: ChatCompletionRequest): Promise<number> {
    return this.#prompts.encode(request.messages, planOf(request, this.#dialect)).length;
  }

  /** Ends running generations with `worker.draining`, waits for them up to 5 seconds, and unloads the model. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, CLOSE_TIMEOUT_MS);
    await Promise.race([this.#pool.idle(), timeout.promise]);
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
      if (generation.stopped()) return;
      // The probabilities of the whole vocabulary are expensive, so they are computed only on request.
      const metadata = { probabilities: job.request.logprobs === true } as const;
      yield* this.#reply(generation, sequence.evaluateWithMetadata(rest, metadata, options));
    } catch (error) {
      intact = false;
      throw AppError.is(error) ? error : new AppError('inference.engine_failed', { usage }, { cause: error });
    } finally {
      if (sequence !== undefined) await this.#pool.release(sequence, { intact });
    }
  }

  /** The end-of-turn token has no text and is not counted as a completion token. */
  async *#reply(generation: Generation, tokens: AsyncIterable<SampledToken>): AsyncGenerator<EngineEvent, void> {
    const { job, usage, generated, maxTokens, reader, mayCall, guide } = generation;
    const characters = new Utf8Assembler();
    const writer = new ReplyWriter({
      choiceIndex: job.choiceIndex,
      reader,
      guide,
      stops: [job.request.stop ?? []].flat(),
      mayCall,
      showsReasoning: job.request.include_reasoning === true || job.request.x_events === true,
      parallelCalls: job.request.parallel_tool_calls !== false,
    });
    const logprobs =
      job.request.logprobs === true ? new LogprobBuffer(this.#vocabulary, job.request.top_logprobs ?? 0) : undefined;
    const prediction = this.#prediction(job.request);
    let finish: 'stop' | 'length' = 'stop';
    let isFirst = true;
    for await (const { token, probabilities } of tokens) {
      const isEnd = this.#runtime.model.isEogToken(token);
      if (!isEnd) usage.completionTokens = generated.push(token);
      if (generation.stopped()) return;
      isFirst = false;
      if (isEnd) break;
      const wasReasoning = reader.isReasoning;
      logprobs?.add(token, probabilities ?? NO_PROBABILITIES);
      const events = writer.push(characters.push(this.#vocabulary.bytesOf(token)));
      if (wasReasoning || reader.isReasoning) usage.reasoningTokens += 1;
      prediction?.add(token, usage);
      if (logprobs === undefined) yield* events;
      else {
        if (reader.isReasoning || reader.isCalling) logprobs.clear();
        yield* withLogprobs(events, logprobs, writer.isDone);
      }
      if (writer.isDone) break;
      if (generated.length >= maxTokens) {
        finish = 'length';
        break;
      }
      if (generation.stopped()) return;
    }
    if (isFirst) throw new Error('The model returned no token.');
    const last = writer.end(finish);
    yield* logprobs === undefined ? last : withLogprobs(last, logprobs, true);
  }

  /** Returns a counter for the tokens of the predicted output, if there is one. */
  #prediction({ prediction }: ChatCompletionRequest): PredictionCounter | undefined {
    if (prediction === undefined) return undefined;
    const { content } = prediction;
    const text = typeof content === 'string' ? content : content.map((part) => part.text).join('');
    return new PredictionCounter(this.#runtime.model.tokenize(text, false, 'trimLeadingSpace'));
  }

  #reasoning({ enableThinking, reply }: ReplyPlan): 'disabled' | 'optional' | 'open' {
    if (!this.#dialect.supportsReasoning || enableThinking === false || reply !== undefined) return 'disabled';
    return this.#promptOpensReasoning ? 'open' : 'optional';
  }

  async #grammarsOf({ reply, call }: ReplyPlan): Promise<GuideGrammars> {
    return {
      reply: reply === undefined ? undefined : await this.#grammarOf(reply),
      call: call === undefined ? undefined : await this.#grammarOf(call),
    };
  }

  /** llama.cpp has its own limits; whatever exceeds them comes from the schemas of the request. */
  async #grammarOf(text: string): Promise<LlamaGrammar> {
    try {
      return await this.#grammars.get(text);
    } catch (cause) {
      const reason =
        'The JSON schemas of this request exceed the limits of the grammar parser of the engine; simplify them.';
      throw new AppError('request.invalid', { reason }, { cause });
    }
  }
}

type SamplerOptions = ReturnType<typeof samplerOptions>;

interface SampledToken {
  readonly token: Token;
  /** Of the candidate tokens; only when requested. */
  readonly probabilities?: ReadonlyMap<Token, number>;
}

const NO_PROBABILITIES: ReadonlyMap<number, number> = new Map();

/** Adds the log probabilities to the chunks with content. */
function withLogprobs(events: readonly EngineEvent[], buffer: LogprobBuffer, isLast: boolean): EngineEvent[] {
  return events.map((event) => {
    if (event.type !== 'chunk') return event;
    const choices = event.choices.map((choice) => {
      const text = choice.delta.content ?? '';
      return text === '' ? choice : { ...choice, logprobs: { content: buffer.take(text, isLast), refusal: null } };
    });
    return { type: 'chunk', choices };
  });
}

/** The variables of the template and the grammars of a request. */
interface ReplyPlan extends TemplateContext, ReplyGrammars {
  readonly mayCall: boolean;
}

function planOf(request: ChatCompletionRequest, dialect: Dialect): ReplyPlan {
  const grammars = replyGrammars(request, dialect);
  const mayCall = callableTools(request).length > 0;
  const effort = request.reasoning_effort;
  // A completion with a grammar from its first token cannot begin with reasoning.
  const enableThinking =
    grammars.reply !== undefined || effort === 'none' || effort === 'minimal' ? false : effort && true;
  return {
    ...grammars,
    mayCall,
    ...(mayCall && { tools: request.tools }),
    ...(dialect.reasoningIsOptional && { enableThinking }),
  };
}

/** Models of these families can only enable or disable reasoning. */
function effortOf({ enableThinking, reply }: ReplyPlan, { supportsReasoning }: Dialect): ReasoningEffort {
  return supportsReasoning && enableThinking !== false && reply === undefined ? 'medium' : 'none';
}

function parametersOf(dialect: Dialect): ReadonlySet<EngineParameter> {
  return new Set<EngineParameter>([
    'seed',
    'frequency_penalty',
    'presence_penalty',
    'logit_bias',
    'response_format',
    'logprobs',
    'prediction',
    'reasoning_effort',
    ...(dialect.supportsTools ? (['tools'] as const) : []),
  ]);
}

interface Generation {
  readonly job: EngineJob;
  readonly prompt: readonly Token[];
  readonly reader: ReplyReader;
  readonly guide: GrammarGuide;
  readonly mayCall: boolean;
  readonly maxTokens: number;
  /** The tokens generated so far, which the penalties read. */
  readonly generated: Token[];
  readonly usage: TokenUsage;
  readonly stopped: () => boolean;
}

/** Computes all but the last piece of the prompt. @returns the last piece, after which the first token is sampled. */
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
