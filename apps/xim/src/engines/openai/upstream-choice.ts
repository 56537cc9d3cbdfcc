/**
 * Normalizes a choice of a server to the specification: role, content, reasoning, `refusal`, annotations, tool calls, finish
 * reason, log probabilities. Deltas and whole messages are read alike. Other fields are dropped, except a few that clients of
 * such servers read.
 */
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { ChunkChoice, ToolCallDelta } from '../engine.ts';
import { TokenCounter } from './token-counter.ts';
import { ChoiceText, readTexts } from './upstream-choice-text.ts';
import { readFinishReason } from './upstream-finish-reason.ts';
import type { FinishReason } from './upstream-finish-reason.ts';
import { asObject } from './upstream-json.ts';
import type { Json } from './upstream-json.ts';
import { joinedLogprobs, logprobsOfText, readLogprobs } from './upstream-logprobs.ts';
import type { Logprobs } from './upstream-logprobs.ts';
import type { PartTexts } from './upstream-text.ts';
import { ToolCallReader } from './upstream-tool-calls.ts';
import { readUsageReport, usageFrom } from './upstream-usage.ts';
import type { UsageReport } from './upstream-usage.ts';

const FINGERPRINT_LENGTH_MAX = 256;
/** Fields of vLLM and SGLang: the matched stop string and the token ids. */
const EXTRAS = ['stop_reason', 'matched_stop', 'token_ids'] as const;
/**
 * How far an estimate may exceed the limit before the server is assumed to ignore it: flushed text and the head of a tool call
 * are pieces that are not tokens.
 */
const LIMIT_MARGIN_TOKENS = 4;
const LIMIT_MARGIN_SHARE = 1 / 8;

/** An invalid response of the upstream. The message is not meant for clients. */
export class UpstreamResponseError extends Error {
  override readonly name = 'UpstreamResponseError';
}

export interface ChoiceOptions {
  /** The `index` of the choice, regardless of that of the server. */
  readonly index: number;
  readonly reasoningWanted: boolean;
  /** Requested alternatives of each token. Undefined if no log probabilities are requested: those that come are dropped. */
  readonly topLogprobs: number | undefined;
  /** Maximum tokens; the choice of a server that exceeds them is truncated. */
  readonly limit: number | undefined;
}

type Delta = ChunkChoice['delta'];

export class UpstreamChoice {
  readonly #options: ChoiceOptions;
  readonly #text = new ChoiceText();
  readonly #calls = new ToolCallReader();
  readonly #counter = new TokenCounter();
  readonly #reasoningCounter = new TokenCounter();
  #report: UsageReport = {};
  #fingerprint: string | undefined;
  #heldLogprobs: Logprobs | null = null;
  #begun = false;
  #hasOutput = false;
  #finished = false;
  #truncated = false;
  #isReported = false;

  constructor(options: ChoiceOptions) {
    this.#options = options;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Whether it exceeded its limit, so that the rest of the response is ignored. */
  get truncated(): boolean {
    return this.#truncated;
  }

  /** Whether the server reported the usage with the finish reason or after it, so that no more data is expected. */
  get isReported(): boolean {
    return this.#isReported;
  }

  /** The fingerprint in the first chunk of the upstream. */
  get fingerprint(): string | undefined {
    return this.#fingerprint;
  }

  /** Returns the usage so far: the last report, with gaps filled by estimates. @param promptTokens an estimate. */
  usage(promptTokens: number): TokenUsage {
    const estimate = {
      promptTokens,
      completionTokens: this.#counter.tokens,
      reasoningTokens: this.#reasoningCounter.tokens,
    };
    const usage = usageFrom(this.#report, estimate);
    const { limit } = this.#options;
    if (!this.#truncated || limit === undefined) return usage;
    return { ...usage, completionTokens: limit, reasoningTokens: Math.min(limit, usage.reasoningTokens) };
  }

  /**
   * Reads one event of a stream, or a whole body.
   * @returns undefined when there is nothing for the client, for example in an event with the usage.
   * @throws {UpstreamResponseError} when the upstream aborted the generation, or when a whole body has no content.
   */
  read(json: Json, whole = false): ChunkChoice | undefined {
    const choice = Array.isArray(json['choices']) ? asObject(json['choices'][0]) : undefined;
    const message = choice === undefined ? undefined : messageOf(choice);
    if (whole && message === undefined) throw new UpstreamResponseError('The response has no choice.');
    const reason = choice === undefined ? null : readFinishReason(choice['finish_reason']);
    const report = readUsageReport(json['usage'] ?? choice?.['usage']);
    if (report !== undefined) {
      Object.assign(this.#report, report);
      this.#isReported ||= this.#finished || reason !== null;
    }
    if (choice === undefined || this.#finished) return undefined;
    if (reason === 'failed')
      throw new UpstreamResponseError(
        `The upstream aborted the generation with finish reason '${String(choice['finish_reason'])}'.`,
      );
    if (!this.#begun) this.#fingerprint = fingerprintIn(json);
    return this.#read(choice, message ?? {}, reason, report?.completionTokens, whole);
  }

  /**
   * Ends a choice that the server ended without a finish reason.
   * @throws {UpstreamResponseError} when it has no content.
   */
  end(): ChunkChoice {
    this.#requireOutput();
    return this.#write({}, 'stop', null);
  }

  #read(
    choice: Json,
    message: Json,
    reason: FinishReason | null,
    reported: number | undefined,
    whole: boolean,
  ): ChunkChoice | undefined {
    const received = readTexts(message);
    const calls = this.#calls.read(message['tool_calls'], message['function_call'], whole);
    this.#count(received, calls, whole);
    const isBeyond = this.#isBeyondLimit(reported, whole || reason !== null);
    if (isBeyond && (calls === undefined || !whole)) return this.#truncate(received, whole);

    const wasHolding = this.#text.isHolding;
    const texts = this.#text.push(received, calls !== undefined);
    if (texts.reasoning !== '') this.#countReasoning(texts.reasoning, whole);
    const delta = this.#deltaOf(texts);
    // A null content is kept in the first chunk.
    if (!this.#begun && message['content'] === null) delta.content ??= null;
    if (Array.isArray(message['annotations'])) delta.annotations = message['annotations'];
    if (calls !== undefined) delta.tool_calls = calls;
    if (texts.content !== '' || texts.refusal !== '' || calls !== undefined) this.#hasOutput = true;
    if (whole && reason === null) this.#requireOutput();

    const logprobs = this.#logprobsOf(choice['logprobs'], received, texts, wasHolding);
    const ending = reason ?? (whole ? 'stop' : null);
    const isEmpty = Object.keys(delta).length === 0 && (logprobs?.content ?? logprobs?.refusal ?? null) === null;
    if (this.#begun && ending === null && isEmpty) return undefined;
    return this.#write(delta, ending, logprobs, choice);
  }

  #requireOutput(): void {
    if (!this.#hasOutput && !this.#text.isHolding)
      throw new UpstreamResponseError('The response ended without content.');
  }

  #count(
    { content, reasoning, refusal }: PartTexts,
    calls: readonly ToolCallDelta[] | undefined,
    whole: boolean,
  ): void {
    const args = calls === undefined ? '' : calls.map((call) => call.function?.arguments ?? '').join('');
    const text = args === '' && reasoning === '' && refusal === '' ? content : reasoning + content + refusal + args;
    if (whole) this.#counter.addWhole(text);
    else if (text !== '') this.#counter.add(text);
  }

  #countReasoning(text: string, whole: boolean): void {
    if (whole) this.#reasoningCounter.addWhole(text);
    else this.#reasoningCounter.add(text);
  }

  /** A count that is reported with each chunk is exact; a total at the end may include tokens that the limit does not. */
  #isBeyondLimit(reported: number | undefined, isLast: boolean): boolean {
    const { limit } = this.#options;
    if (limit === undefined) return false;
    const margin = LIMIT_MARGIN_TOKENS + Math.ceil(limit * LIMIT_MARGIN_SHARE);
    if (reported !== undefined && reported > 0) return reported > (isLast ? limit + margin : limit);
    return this.#counter.tokensMin > limit + margin;
  }

  /** Ends the choice at the limit. A whole text is truncated in proportion to its tokens. */
  #truncate({ content, reasoning }: PartTexts, whole: boolean): ChunkChoice {
    const { limit = 0 } = this.#options;
    this.#truncated = true;
    if (!whole) return this.#write({}, 'length', null);
    const tokens = this.#report.completionTokens ?? this.#counter.tokens;
    const length = Math.floor(((reasoning.length + content.length) * limit) / tokens);
    const kept = {
      reasoning: reasoning.slice(0, length),
      content: content.slice(0, Math.max(0, length - reasoning.length)),
      refusal: '',
    };
    return this.#write(this.#deltaOf(this.#text.push(kept, false)), 'length', null);
  }

  #deltaOf({ content, reasoning, refusal }: PartTexts): Delta {
    const delta: Delta = {};
    if (content !== '') delta.content = content;
    if (reasoning !== '' && this.#options.reasoningWanted) delta.reasoning_content = reasoning;
    if (refusal !== '') delta.refusal = refusal;
    return delta;
  }

  /** Returns the log probabilities of visible tokens: those of reasoning would reveal it without a request for it. */
  #logprobsOf(value: unknown, received: PartTexts, texts: PartTexts, wasHolding: boolean): Logprobs | null {
    const { topLogprobs } = this.#options;
    const logprobs = value == null || topLogprobs === undefined ? null : readLogprobs(value, topLogprobs);
    const held = this.#heldLogprobs;
    this.#heldLogprobs = null;
    const all = wasHolding && texts.content !== '' ? joinedLogprobs(held, logprobs) : logprobs;
    if (all === null || this.#options.reasoningWanted) return all;
    if (this.#text.isHolding) {
      this.#heldLogprobs = joinedLogprobs(held, logprobs);
      return null;
    }
    if (texts.reasoning === '' && texts.content.length >= received.content.length) return all;
    return texts.content === '' ? null : logprobsOfText(all, texts.content);
  }

  #write(delta: Delta, reason: FinishReason | null, logprobs: Logprobs | null, choice?: Json): ChunkChoice {
    if (reason !== null) this.#flush(delta);
    const isFirst = !this.#begun;
    this.#begun = true;
    this.#finished = reason !== null;
    const chunk: ChunkChoice = {
      index: this.#options.index,
      delta: isFirst ? { role: 'assistant', content: '', ...delta } : delta,
      finish_reason: reason === null ? null : this.#finishReason(reason),
      logprobs,
    };
    if (choice !== undefined) for (const name of EXTRAS) if (choice[name] != null) chunk[name] = choice[name];
    return chunk;
  }

  /** Adds the held text at the end. */
  #flush(delta: Delta): void {
    const { content = '', reasoning_content: reasoning = '', refusal = '' } = this.#deltaOf(this.#text.end());
    if (content) delta.content = (delta.content ?? '') + content;
    if (reasoning) delta.reasoning_content = (delta.reasoning_content ?? '') + reasoning;
    if (refusal) delta.refusal = (delta.refusal ?? '') + refusal;
    const calls = this.#calls.end();
    if (calls !== undefined) delta.tool_calls = [...(delta.tool_calls ?? []), ...calls];
  }

  /** The reason is `tool_calls` if and only if there are tool calls, since clients rely on it. */
  #finishReason(reason: FinishReason): FinishReason {
    if (this.#calls.count > 0) return reason === 'stop' ? 'tool_calls' : reason;
    return reason === 'tool_calls' ? 'stop' : reason;
  }
}

/** Returns the delta, the message, or the text of the legacy completions API. */
function messageOf({ delta, message, text }: Json): Json | undefined {
  return asObject(delta) ?? asObject(message) ?? (typeof text === 'string' ? { content: text } : undefined);
}

/** Returns the fingerprint of the weights and code, unless it is too long to be one. */
function fingerprintIn({ system_fingerprint: fingerprint }: Json): string | undefined {
  return typeof fingerprint === 'string' && fingerprint.length <= FINGERPRINT_LENGTH_MAX ? fingerprint : undefined;
}
