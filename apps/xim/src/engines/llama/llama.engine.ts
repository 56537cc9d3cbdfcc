/**
 * llama.cpp in this process: one context with a sequence per slot. The library computes the next token of all running
 * generations in one batch (continuous batching); each generation is pulled by its reader, so a reader that does not
 * pull takes no computing time.
 *
 * Equal seeds give equal replies as long as a generation runs alone; in a batch the last digits of the numbers depend
 * on its size, and a reply may part from its twin after some tokens.
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
import { LogprobTape } from './logprob-tape.ts';
import { PredictionTally } from './prediction-tally.ts';
import { PromptEncoder } from './prompt-encoder.ts';
import { ReplyReader } from './reply-reader.ts';
import { ReplyWriter } from './reply-writer.ts';
import { samplerOptions } from './sampling.ts';
import { SequencePool } from './sequence-pool.ts';
import { Utf8Assembler } from './utf8-assembler.ts';
import { Vocabulary } from './vocabulary.ts';
import { vocabularyTables } from './vocabulary-tables.ts';

/** A prompt is computed in pieces of this size: between two of them an abort is seen and other generations get their turn. */
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
  readonly #opensReasoning: boolean;
  readonly #grammars: GrammarCache;
  #closing = false;

  /** @throws an Error that says what to do when the model cannot be used. */
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
    this.#opensReasoning = template.promptEndsWith(this.#dialect.reasoningOpens);
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
      reader: new ReplyReader(this.#dialect, { thinking: this.#thinking(plan), mayCall: plan.mayCall }),
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

  /** Computes one token, with everything that takes part in it. */
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
      if (generation.stopped()) return;
      // The probabilities of a whole vocabulary are many numbers: they are asked for only when somebody reads them.
      const metadata = { probabilities: job.request.logprobs === true } as const;
      yield* this.#reply(generation, sequence.evaluateWithMetadata(rest, metadata, options));
    } catch (error) {
      intact = false;
      throw AppError.is(error) ? error : new AppError('inference.engine_failed', { usage }, { cause: error });
    } finally {
      if (sequence !== undefined) await this.#pool.release(sequence, { intact });
    }
  }

  /** The token that ends a turn has no text and is not counted as a part of the reply. */
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
    const tape =
      job.request.logprobs === true ? new LogprobTape(this.#vocabulary, job.request.top_logprobs ?? 0) : undefined;
    const prediction = this.#prediction(job.request);
    let finish: 'stop' | 'length' = 'stop';
    let isFirst = true;
    for await (const { token, probabilities } of tokens) {
      const ends = this.#runtime.model.isEogToken(token);
      if (!ends) usage.completionTokens = generated.push(token);
      if (generation.stopped()) return;
      isFirst = false;
      if (ends) break;
      const reasoning = reader.isThinking;
      tape?.add(token, probabilities ?? NO_PROBABILITIES);
      const events = writer.push(characters.push(this.#vocabulary.bytesOf(token)));
      if (reasoning || reader.isThinking) usage.reasoningTokens += 1;
      prediction?.add(token, usage);
      if (tape === undefined) yield* events;
      else {
        if (reader.isThinking || reader.isCalling) tape.clear();
        yield* withLogprobs(events, tape, writer.isOver);
      }
      if (writer.isOver) break;
      if (generated.length >= maxTokens) {
        finish = 'length';
        break;
      }
      if (generation.stopped()) return;
    }
    if (isFirst) throw new Error('The model gave no token.');
    const last = writer.end(finish);
    yield* tape === undefined ? last : withLogprobs(last, tape, true);
  }

  /** What the client expects the answer to be, as tokens that are looked for in it. */
  #prediction({ prediction }: ChatCompletionRequest): PredictionTally | undefined {
    if (prediction === undefined) return undefined;
    const { content } = prediction;
    const text = typeof content === 'string' ? content : content.map((part) => part.text).join('');
    return new PredictionTally(this.#runtime.model.tokenize(text, false, 'trimLeadingSpace'));
  }

  #thinking({ enableThinking, reply }: ReplyPlan): 'impossible' | 'possible' | 'begun' {
    if (!this.#dialect.thinks || enableThinking === false || reply !== undefined) return 'impossible';
    return this.#opensReasoning ? 'begun' : 'possible';
  }

  async #grammarsOf({ reply, call }: ReplyPlan): Promise<GuideGrammars> {
    return {
      reply: reply === undefined ? undefined : await this.#grammarOf(reply),
      call: call === undefined ? undefined : await this.#grammarOf(call),
    };
  }

  /** llama.cpp has bounds of its own; whatever it does not take comes from the schemas of the request. */
  async #grammarOf(text: string): Promise<LlamaGrammar> {
    try {
      return await this.#grammars.get(text);
    } catch (cause) {
      const reason = 'The JSON schemas of this request make a grammar that the engine cannot read; make them simpler.';
      throw new AppError('request.invalid', { reason }, { cause });
    }
  }
}

type SamplerOptions = ReturnType<typeof samplerOptions>;

interface SampledToken {
  readonly token: Token;
  /** Of the tokens that it was chosen from; only when they were asked for. */
  readonly probabilities?: ReadonlyMap<Token, number>;
}

const NO_PROBABILITIES: ReadonlyMap<number, number> = new Map();

/** Texts of the answer with the tokens that they are made of. */
function withLogprobs(events: readonly EngineEvent[], tape: LogprobTape, isLast: boolean): EngineEvent[] {
  return events.map((event) => {
    if (event.type !== 'chunk') return event;
    const choices = event.choices.map((choice) => {
      const text = choice.delta.content ?? '';
      return text === '' ? choice : { ...choice, logprobs: { content: tape.take(text, isLast), refusal: null } };
    });
    return { type: 'chunk', choices };
  });
}

/** What the request makes of the template and of the grammars. */
interface ReplyPlan extends TemplateContext, ReplyGrammars {
  readonly mayCall: boolean;
}

function planOf(request: ChatCompletionRequest, dialect: Dialect): ReplyPlan {
  const grammars = replyGrammars(request, dialect);
  const mayCall = callableTools(request).length > 0;
  const effort = request.reasoning_effort;
  // A reply that has to have a form from its first token on cannot begin with a thought.
  const thinks = grammars.reply !== undefined || effort === 'none' || effort === 'minimal' ? false : effort && true;
  return {
    ...grammars,
    mayCall,
    ...(mayCall && { tools: request.tools }),
    ...(dialect.thinkingCanBeTurnedOff && { enableThinking: thinks }),
  };
}

/** A model of these families thinks or does not; how much is its own affair. */
function effortOf({ enableThinking, reply }: ReplyPlan, { thinks }: Dialect): ReasoningEffort {
  return thinks && enableThinking !== false && reply === undefined ? 'medium' : 'none';
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
    ...(dialect.knowsTools ? (['tools'] as const) : []),
  ]);
}

interface Generation {
  readonly job: EngineJob;
  readonly prompt: readonly Token[];
  readonly reader: ReplyReader;
  readonly guide: GrammarGuide;
  readonly mayCall: boolean;
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
