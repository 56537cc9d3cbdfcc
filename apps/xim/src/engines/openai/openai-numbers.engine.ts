/**
 * An OpenAI-compatible server that embeds (`/embeddings`) or ranks (`/rerank`, `/score`, as vLLM has them). Its numbers are
 * passed on as they come; the texts go there in pieces, so that an answer stays small and a request can be stopped.
 */
import type { TokenUsage } from '@xerotier/contracts';
import { AppError } from '@xerotier/errors';
import { inputTooLong } from '../embedding-rules.ts';
import type { OpenaiConfig } from '../engine-config.ts';
import type { EmbedJob, Engine, EngineEvent, EngineParameter, RankJob } from '../engine.ts';
import { noUsage } from '../usage.ts';
import { UpstreamClient } from './upstream-client.ts';
import { findModel } from './upstream-models.ts';
import type { UpstreamModel } from './upstream-models.ts';
import { readEmbeddings, readRerank, readScores } from './upstream-numbers.ts';
import type { UpstreamNumbers } from './upstream-numbers.ts';
import { estimateTokens } from './upstream-usage.ts';

const CONTEXT_TOKENS_DEFAULT = 8_192;
const ANSWER_BYTES_MAX = 64 * 2 ** 20;
/** Texts in one question to the server. */
const TEXTS_AT_ONCE = 256;

/** A question to the server, for some of the texts. */
interface Question<T> {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly count: number;
  readonly tokensEstimate: number;
  /** What a refusal for lack of room calls the texts. */
  readonly param: string;
  readonly read: (answer: unknown, count: number) => UpstreamNumbers<T>;
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

  constructor(config: OpenaiConfig, task: 'embed' | 'score') {
    this.#config = config;
    this.slots = config.slots;
    this.#client = new UpstreamClient({
      baseUrl: config.baseUrl,
      apiKey: config.apiKey,
      connections: config.slots + 1,
    });
    if (task === 'embed') this.embed = (job, signal) => this.#ask(embedQuestions(job), signal);
    else this.rank = (job, signal) => this.#ask(rankQuestions(job), signal);
  }

  /** Known for sure once the server was reached. */
  get contextTokens(): number {
    return this.#config.contextTokens ?? this.#model?.contextTokens ?? CONTEXT_TOKENS_DEFAULT;
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

  async *#ask<T>(questions: Iterable<Question<T>>, signal: AbortSignal): AsyncGenerator<T, TokenUsage> {
    const usage = noUsage();
    const either = AbortSignal.any([signal, this.#closing.signal]);
    for (const question of questions) {
      if (signal.aborted) return usage;
      let answer: UpstreamNumbers<T>;
      try {
        answer = await this.#answer(question, either);
      } catch (error) {
        if (signal.aborted) return usage;
        throw this.#failure(error, question, usage);
      }
      usage.promptTokens += answer.usage?.promptTokens ?? question.tokensEstimate;
      usage.cachedTokens += answer.usage?.cachedTokens ?? 0;
      yield* answer.values;
    }
    return usage;
  }

  async #answer<T>(question: Question<T>, signal: AbortSignal): Promise<UpstreamNumbers<T>> {
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
    return question.read(await this.#client.readJson(response, ANSWER_BYTES_MAX, signal), question.count);
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
      { cause: failure.cause, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) },
    );
  }
}

function* embedQuestions({ inputs, dimensions, tokensMaxOf, paramOf }: EmbedJob): Generator<Question<Float32Array>> {
  // How its tokens are cut only the server knows.
  if (inputs.some((_, index) => tokensMaxOf?.(index) !== undefined)) throw cannotCut();
  for (const [from, to] of pieces(inputs.length)) {
    const texts = inputs.slice(from, to);
    yield {
      path: '/embeddings',
      // A list of one list is a list of tokens all the same, and base64 is a third of the size of numbers.
      body: { input: texts, encoding_format: 'base64', ...(dimensions !== undefined && { dimensions }) },
      count: texts.length,
      tokensEstimate: texts.reduce((sum, text) => sum + tokensIn(text), 0),
      // Which of several it is only the server knows.
      param: texts.length === 1 ? paramOf(from) : paramOf(to - 1).replace(/\[\d+\]$/, ''),
      read: readEmbeddings,
    };
  }
}

function cannotCut(): AppError {
  const param = 'max_tokens_per_doc';
  const reason = 'this engine reads documents as a whole.';
  return new AppError('request.unsupported_parameter', { param, reason }, { param });
}

function* rankQuestions({ queries, documents, documentTokensMax }: RankJob): Generator<Question<number>> {
  for (const [from, to] of pieces(documents.length)) {
    const texts = documents.slice(from, to);
    const count = texts.length;
    const [query = ''] = queries;
    const pairs = queries.length === 1 ? undefined : queries.slice(from, to);
    const tokensEstimate = [...(pairs ?? texts.map(() => query)), ...texts].reduce(
      (sum, text) => sum + tokensIn(text),
      0,
    );
    yield pairs === undefined
      ? {
          path: '/rerank',
          body: {
            query,
            documents: texts,
            ...(documentTokensMax !== undefined && { max_tokens_per_doc: documentTokensMax }),
          },
          count,
          tokensEstimate,
          param: 'documents',
          read: readRerank,
        }
      : {
          path: '/score',
          body: { text_1: pairs, text_2: texts },
          count,
          tokensEstimate,
          param: 'documents',
          read: readScores,
        };
  }
}

function* pieces(count: number): Generator<[from: number, to: number]> {
  for (let from = 0; from < count; from += TEXTS_AT_ONCE) yield [from, Math.min(from + TEXTS_AT_ONCE, count)];
}

function tokensIn(text: string | readonly number[]): number {
  return typeof text === 'string' ? estimateTokens(text.length) : text.length;
}
