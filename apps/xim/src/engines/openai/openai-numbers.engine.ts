/**
 * An OpenAI-compatible server that embeds (`/embeddings`) or ranks (`/rerank`, `/score`, as vLLM has them). Its numbers are
 * passed on as they come; the texts go there in batches, so that a response stays small and a request can be stopped.
 */
import type { TokenUsage } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import { inputTooLong } from '../embedding-rules.ts';
import type { OpenaiConfig } from '../engine-config.ts';
import type { EmbedJob, Engine, EngineEvent, EngineParameter, RankJob } from '../engine.ts';
import { noUsage } from '../usage.ts';
import { UpstreamClient } from './upstream-client.ts';
import { findModel } from './upstream-models.ts';
import type { UpstreamModel } from './upstream-models.ts';
import { isBatchTooLarge } from './upstream-batch.ts';
import { readEmbeddings, readScores } from './upstream-numbers.ts';
import type { UpstreamNumbers } from './upstream-numbers.ts';
import { estimateTokens } from './token-tally.ts';

const RESPONSE_BYTES_MAX = 64 * 2 ** 20;
/** Texts in one question to the server, unless it takes fewer. */
const TEXTS_AT_ONCE = 256;

/** A question to the server, for some of the texts. */
interface Question<T> {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly count: number;
  readonly tokensEstimate: number;
  /** What an error for lack of room calls the texts. */
  readonly param: string;
  readonly read: (response: unknown, count: number, tokensEstimate: number) => UpstreamNumbers<T>;
}

/** The question for the texts from one index to another. */
interface Questions<T> {
  readonly count: number;
  readonly ask: (from: number, to: number) => Question<T>;
}

export class OpenaiNumbersEngine implements Engine {
  readonly name = 'openai';
  readonly slots: number;
  readonly fingerprint = undefined;
  readonly parameters: ReadonlySet<EngineParameter> = new Set<EngineParameter>();
  readonly embed?: NonNullable<Engine['embed']>;
  readonly rank?: NonNullable<Engine['rank']>;
  readonly #config: OpenaiConfig;
  readonly #client: UpstreamClient;
  readonly #closing = new AbortController();
  #model: UpstreamModel | undefined;
  /** Lowered for good when the server refuses as many. */
  #textsAtOnce = TEXTS_AT_ONCE;
  /** TEI has another name for them. */
  #documentsField: 'documents' | 'texts' = 'documents';

  constructor(config: OpenaiConfig, task: 'embed' | 'score') {
    this.#config = config;
    this.slots = config.slots;
    this.#client = new UpstreamClient({
      baseUrl: config.baseUrl,
      apiKey: config.apiKey,
      connections: config.slots + 1,
    });
    if (task === 'embed') this.embed = (job, signal) => this.#ask(embedQuestions(job), signal);
    else
      this.rank = (job, signal) =>
        this.#ask(
          rankQuestions(job, () => this.#documentsField),
          signal,
        );
  }

  /** Undefined when neither the configuration nor the server says it, and until the server was reached. */
  get contextTokens(): number | undefined {
    return this.#config.contextTokens ?? this.#model?.contextTokens;
  }

  async *generate(): AsyncGenerator<EngineEvent, TokenUsage> {
    throw new AppError('inference.task_unsupported', { task: 'chat' });
  }

  async check(signal: AbortSignal): Promise<void> {
    this.#model = await findModel(this.#client, this.#config.model, AbortSignal.any([signal, this.#closing.signal]));
  }

  async close(): Promise<void> {
    this.#closing.abort(new AppError('worker.draining'));
    await this.#client.close();
  }

  async *#ask<T>({ count, ask }: Questions<T>, signal: AbortSignal): AsyncGenerator<T, TokenUsage> {
    const usage = noUsage();
    const either = AbortSignal.any([signal, this.#closing.signal]);
    for (let from = 0; from < count;) {
      if (signal.aborted) return usage;
      const question = ask(from, Math.min(from + this.#textsAtOnce, count));
      let numbers: UpstreamNumbers<T>;
      try {
        numbers = await this.#numbers(question, either);
      } catch (error) {
        if (signal.aborted) return usage;
        if (question.count > 1 && isBatchTooLarge(error)) {
          // Another request may have lowered it further meanwhile.
          this.#textsAtOnce = Math.min(this.#textsAtOnce, Math.ceil(question.count / 2));
          continue;
        }
        if (this.#documentsField === 'documents' && asksForTexts(error)) {
          this.#documentsField = 'texts';
          continue;
        }
        throw this.#failure(error, question, usage);
      }
      usage.promptTokens += numbers.usage.promptTokens;
      usage.cachedTokens += numbers.usage.cachedTokens;
      yield* numbers.values;
      from += question.count;
    }
    return usage;
  }

  async #numbers<T>(question: Question<T>, signal: AbortSignal): Promise<UpstreamNumbers<T>> {
    const model = this.#model?.id ?? this.#config.model;
    if (model === undefined) throw new Error('The engine was asked before it was ready.');
    const response = await this.#client.send({
      method: 'POST',
      path: question.path,
      body: { model, ...question.body },
      accept: 'application/json',
      signal,
      headersTimeoutMs: this.#config.answerTimeoutMs,
      idleTimeoutMs: this.#config.idleTimeoutMs,
    });
    const json = await this.#client.readJson(response, RESPONSE_BYTES_MAX, signal);
    return question.read(json, question.count, question.tokensEstimate);
  }

  #failure<T>(error: unknown, { param }: Question<T>, usage: TokenUsage): AppError {
    if (this.#closing.signal.aborted) return new AppError('worker.draining', { usage });
    const failure = AppError.is(error) ? error : new AppError('inference.engine_failed', {}, { cause: error });
    if (failure.code === 'inference.context_length_exceeded') {
      const { promptTokens, contextTokens } = failure.details;
      return inputTooLong(param, Number(promptTokens), Number(contextTokens), usage);
    }
    const { retryAfterSeconds } = failure;
    return new AppError(
      failure.code,
      { ...failure.details, usage },
      {
        cause: failure.cause,
        ...(failure.code === 'inference.prompt_too_long' && { param }),
        ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      },
    );
  }
}

function embedQuestions({ inputs, dimensions, tokensMaxOf, paramOf }: EmbedJob): Questions<Float32Array> {
  const ask = (from: number, to: number): Question<Float32Array> => {
    // How its tokens are cut only the server knows.
    if (inputs.some((_, index) => tokensMaxOf?.(index) !== undefined)) throw cannotCut();
    const texts = inputs.slice(from, to);
    return {
      path: '/embeddings',
      // A list of one list is a list of tokens all the same. Floats are what every server has; clients get their encoding here.
      body: { input: texts, encoding_format: 'float', ...(dimensions !== undefined && { dimensions }) },
      count: texts.length,
      tokensEstimate: texts.reduce((sum, text) => sum + tokensIn(text), 0),
      // Which of several it is only the server knows.
      param: texts.length === 1 ? paramOf(from) : paramOf(to - 1).replace(/\[\d+\]$/, ''),
      read: readEmbeddings,
    };
  };
  return { count: inputs.length, ask };
}

function asksForTexts(error: unknown): boolean {
  return (
    AppError.is(error) &&
    error.code === 'inference.upstream_rejected' &&
    /missing field `texts`/.test(String(error.details['reason']))
  );
}

function cannotCut(): AppError {
  const param = 'max_tokens_per_doc';
  const reason = 'this engine reads documents as a whole.';
  return new AppError('request.unsupported_parameter', { param, reason }, { param });
}

function rankQuestions(
  { queries, documents, documentTokensMax }: RankJob,
  documentsField: () => string,
): Questions<number> {
  const [query = ''] = queries;
  const ask = (from: number, to: number): Question<number> => {
    const texts = documents.slice(from, to);
    const pairs = queries.length === 1 ? undefined : queries.slice(from, to);
    const common = {
      count: texts.length,
      tokensEstimate: [...(pairs ?? texts.map(() => query)), ...texts].reduce((sum, text) => sum + tokensIn(text), 0),
      param: 'documents',
      read: readScores,
    };
    if (pairs !== undefined) return { ...common, path: '/score', body: { text_1: pairs, text_2: texts } };
    const cut = documentTokensMax !== undefined && { max_tokens_per_doc: documentTokensMax };
    return { ...common, path: '/rerank', body: { query, [documentsField()]: texts, ...cut } };
  };
  return { count: documents.length, ask };
}

function tokensIn(text: string | readonly number[]): number {
  return typeof text === 'string' ? estimateTokens(text.length) : text.length;
}
