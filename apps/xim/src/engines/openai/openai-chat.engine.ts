/**
 * Any OpenAI-compatible server as an engine: vLLM, SGLang, llama-server, Ollama. The request is forwarded nearly unchanged. The
 * response is normalized to the OpenAI specification (`upstream-choice.ts`), whether it is streamed or not. A cancelled
 * generation is aborted by closing its connection.
 */
import { emptyUsage } from '@xerotier/contracts/inference';
import { ChoiceCollector } from '@xerotier/chat-choices';
import type { TokenUsage } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { headEvent } from '../chunk-events.ts';
import type { ChatEngine, Choice, ChunkChoice, EngineEvent, EngineJob, EngineParameter } from '../engine.ts';
import { requestedMaxTokens } from '../token-budget.ts';
import { UpstreamChoice, UpstreamResponseError } from './upstream-choice.ts';
import type { UpstreamResponse } from './upstream-client.ts';
import { UpstreamEngine, UpstreamExchange } from './upstream-engine.ts';
import { countUpstream } from './upstream-counts.ts';
import { readEvents } from './upstream-events.ts';
import { asObject, parseUpstreamJson } from './upstream-json.ts';
import type { Json } from './upstream-json.ts';
import { wantsReasoning } from './upstream-reasoning.ts';
import { fitLimit, lowerLimit, upstreamBody } from './upstream-request.ts';
import type { FittedRequest } from './upstream-request.ts';
import { estimatePromptTokens } from './upstream-usage.ts';

/**
 * How long the head waits for the server's response. A server that rejects the request does so within this time, and the caller
 * can retry on another worker. A server that computes before it responds must not delay the head any longer.
 */
const HEAD_GRACE_MS = 250;
/** How long the server may take to end its response after the end of the stream, so that the connection can be reused. */
const DONE_GRACE_MS = 500;
/** How long the server may take to report the usage after the finish reason. */
const USAGE_GRACE_MS = 3_000;

export class OpenaiChatEngine extends UpstreamEngine implements ChatEngine {
  readonly parameters: ReadonlySet<EngineParameter> = new Set<EngineParameter>([
    'tools',
    'logprobs',
    'reasoning_effort',
    'prediction',
    'logit_bias',
    'frequency_penalty',
    'presence_penalty',
    'response_format',
    'seed',
    'image_parts',
    'audio_parts',
    'file_parts',
  ]);

  async *generate(job: EngineJob, signal: AbortSignal): AsyncGenerator<EngineEvent, TokenUsage> {
    if (signal.aborted) return emptyUsage();
    const exchange = new UpstreamExchange(signal);
    const { request } = job;
    const choice = new UpstreamChoice({
      index: job.choiceIndex,
      reasoningWanted: wantsReasoning(request),
      topLogprobs: request.logprobs === true ? (request.top_logprobs ?? 0) : undefined,
      limit: requestedMaxTokens(request),
    });
    const usage = (): TokenUsage => choice.usage(estimatePromptTokens(request));
    try {
      const fitted = fitLimit(request, this.contextTokens);
      const opening = this.#open(job, fitted, exchange.signal);
      // Awaited below, unless the caller ends the iteration after the head.
      opening.catch(() => undefined);
      await orTimeout(opening, HEAD_GRACE_MS);
      const { clampedFrom } = fitted;
      yield headOf(job, fitted);
      const response = await opening;
      // A slow server may have rejected the limit after the head was yielded.
      if (fitted.clampedFrom !== clampedFrom) yield headOf(job, fitted);
      const chunks = this.#chunks(response, choice, exchange);
      yield* request.stream === true ? streamed(job, fitted, choice, chunks) : joined(job, fitted, choice, chunks);
      return usage();
    } catch (error) {
      if (signal.aborted) return usage();
      throw withUsage(this.errorOf(error, exchange.signal, usage()), usage());
    } finally {
      exchange.end();
    }
  }

  async count(request: ChatCompletionRequest, signal: AbortSignal): Promise<number> {
    const exchange = new UpstreamExchange(signal);
    try {
      return await countUpstream(this.client, upstreamBody(fitLimit(request, undefined), this.modelName), {
        signal: exchange.signal,
        timeoutMs: this.config.idleTimeoutMs,
      });
    } catch (error) {
      throw this.errorOf(error, exchange.signal, emptyUsage());
    } finally {
      exchange.end();
    }
  }

  /**
   * Sends the request. If the limit exceeds the context of the server, it is retried once with the room that the server reported:
   * limits are clamped, never rejected.
   */
  async #open(job: EngineJob, fitted: FittedRequest, signal: AbortSignal): Promise<UpstreamResponse> {
    try {
      return await this.#post(job, fitted, signal);
    } catch (error) {
      if (!AppError.is(error) || !lowerLimit(fitted, error)) throw error;
      return this.#post(job, fitted, signal);
    }
  }

  #post(job: EngineJob, fitted: FittedRequest, signal: AbortSignal): Promise<UpstreamResponse> {
    const streamed = job.request.stream === true;
    return this.client.send({
      method: 'POST',
      path: '/chat/completions',
      body: { ...upstreamBody(fitted, this.modelName, job.seedDigits), ...this.saltFields(job.cacheSalt) },
      accept: streamed ? 'text/event-stream' : 'application/json',
      signal,
      headersTimeoutMs: streamed ? this.config.firstByteTimeoutMs : this.config.responseTimeoutMs,
      idleTimeoutMs: this.config.idleTimeoutMs,
    });
  }

  /** Yields chunks until the choice is finished and its usage reported. */
  async *#chunks(
    response: UpstreamResponse,
    choice: UpstreamChoice,
    exchange: UpstreamExchange,
  ): AsyncGenerator<ChunkChoice, void> {
    let timer: NodeJS.Timeout | undefined;
    const endAfter = (ms: number): void => {
      clearTimeout(timer);
      timer = setTimeout(() => exchange.end(), ms);
    };
    try {
      const { whole, data } = await readEvents(response.body as AsyncIterable<Uint8Array>);
      for await (const text of data) {
        const wasFinished = choice.finished;
        const isDone = isEndMark(text);
        const chunk = isDone ? (wasFinished ? undefined : choice.end()) : this.#read(text, choice, whole);
        if (chunk !== undefined) yield chunk;
        if (choice.truncated) return;
        // The reader may be slow, so the time of the server starts only after the yield.
        if (isDone || (choice.finished && choice.isReported)) endAfter(DONE_GRACE_MS);
        else if (choice.finished && !wasFinished) endAfter(USAGE_GRACE_MS);
      }
    } catch (error) {
      // A connection error after the choice is complete is irrelevant.
      if (!choice.finished) throw error;
    } finally {
      clearTimeout(timer);
    }
    if (!choice.finished) throw new UpstreamResponseError('The stream ended before the choice was finished.');
  }

  #read(text: string, choice: UpstreamChoice, whole: boolean): ChunkChoice | undefined {
    // Some servers send empty events as pings.
    if (text === '' || text.trim() === '') return undefined;
    const json = parseObject(text);
    this.client.throwError(json);
    return choice.read(json, whole);
  }
}

/** Yields another head with the fingerprint before the first chunk, if it is known. */
async function* streamed(
  job: EngineJob,
  fitted: FittedRequest,
  choice: UpstreamChoice,
  chunks: AsyncIterable<ChunkChoice>,
): AsyncGenerator<EngineEvent, void> {
  let begun = false;
  for await (const chunk of chunks) {
    if (!begun && choice.fingerprint !== undefined) yield headOf(job, fitted, choice.fingerprint);
    begun = true;
    yield { type: 'chunk', choices: [chunk] };
  }
}

async function* joined(
  job: EngineJob,
  fitted: FittedRequest,
  choice: UpstreamChoice,
  chunks: AsyncIterable<ChunkChoice>,
): AsyncGenerator<EngineEvent, void> {
  const collector = new ChoiceCollector(job.choiceIndex);
  let extras: Partial<ChunkChoice> = {};
  for await (const chunk of chunks) {
    collector.add(chunk);
    const { index: _index, delta: _delta, logprobs: _logprobs, finish_reason: _reason, ...others } = chunk;
    extras = { ...extras, ...others };
  }
  if (choice.fingerprint !== undefined) yield headOf(job, fitted, choice.fingerprint);
  yield { type: 'response', choices: [{ ...extras, ...withNullContent(collector.choice()) }] };
}

/** The content of a `refusal` is null, not empty. */
function withNullContent(choice: Choice): Choice {
  const { content, refusal } = choice.message;
  return content === '' && refusal !== null ? { ...choice, message: { ...choice.message, content: null } } : choice;
}

/** Adds the usage up to the failure. Without completion tokens nothing is billed. */
function withUsage(failure: unknown, usage: TokenUsage): unknown {
  if (!AppError.is(failure) || usage.completionTokens === 0) return failure;
  const { code, details, cause, retryAfterSeconds, param } = failure;
  return new AppError(
    code,
    { ...details, usage },
    { cause, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }), ...(param !== undefined && { param }) },
  );
}

/** @param fingerprint known only after the first part of the response. */
function headOf({ request }: EngineJob, { clampedFrom }: FittedRequest, fingerprint?: string): EngineEvent {
  return headEvent(clampedFrom, request.reasoning_effort, fingerprint);
}

const END_MARK = '[DONE]';

function isEndMark(text: string): boolean {
  return text === END_MARK || (text.length < 2 * END_MARK.length && text.trim() === END_MARK);
}

function parseObject(text: string): Json {
  let value: unknown;
  try {
    value = parseUpstreamJson(text);
  } catch (cause) {
    throw new UpstreamResponseError('A part of the response is not valid JSON.', { cause });
  }
  const json = asObject(value);
  if (json === undefined) throw new UpstreamResponseError('A part of the response is not an object.');
  return json;
}

/** Settles like the promise, or resolves after the timeout. */
async function orTimeout(promise: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  try {
    await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
