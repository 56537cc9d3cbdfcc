/**
 * One choice as a server tells it, written anew as the specification has it: role, content, reasoning, refusal, citations, tool
 * calls, finish reason, log probabilities. Deltas and whole messages are read alike. What a server says beyond that is left
 * out, but for a few fields that clients of such servers read.
 */
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { ChunkChoice, ToolCallDelta } from '../engine.ts';
import { TokenTally } from './token-tally.ts';
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
/** Of vLLM and SGLang: which stop string ended it, and its tokens. */
const EXTRAS = ['stop_reason', 'matched_stop', 'token_ids'] as const;
/**
 * How far a count that is no report may be beyond the limit before a server counts as one that ignores it: a flush of held text
 * and the head of a tool call are pieces beside the tokens.
 */
const LIMIT_MARGIN_TOKENS = 4;
const LIMIT_MARGIN_SHARE = 1 / 8;

/** A response that the upstream should not have given; the message is not for clients. */
export class UpstreamResponseError extends Error {
  override readonly name = 'UpstreamResponseError';
}

export interface ChoiceOptions {
  /** The `index` it gets, whatever the server calls it. */
  readonly index: number;
  readonly reasoningWanted: boolean;
  /** Tokens that it may have; a server that goes on beyond them is cut off. */
  readonly limit: number | undefined;
}

type Delta = ChunkChoice['delta'];

export class UpstreamChoice {
  readonly #options: ChoiceOptions;
  readonly #text = new ChoiceText();
  readonly #calls = new ToolCallReader();
  readonly #tally = new TokenTally();
  readonly #reasoningTally = new TokenTally();
  #report: UsageReport = {};
  #fingerprint: string | undefined;
  #heldLogprobs: Logprobs | null = null;
  #begun = false;
  #hasOutput = false;
  #finished = false;
  #wasCut = false;
  #isReported = false;

  constructor(options: ChoiceOptions) {
    this.#options = options;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** It went beyond its limit: whatever else the server has to say is not wanted. */
  get wasCut(): boolean {
    return this.#wasCut;
  }

  /** The server reported the usage with the finish or after it: nothing more is to come. */
  get isReported(): boolean {
    return this.#isReported;
  }

  /** As the upstream said it with its first choice. */
  get fingerprint(): string | undefined {
    return this.#fingerprint;
  }

  /** What was used so far: as reported last, and counted where that does not say. `promptTokens` is an estimate. */
  usage(promptTokens: number): TokenUsage {
    const counted = {
      promptTokens,
      completionTokens: this.#tally.tokens,
      reasoningTokens: this.#reasoningTally.tokens,
    };
    const usage = usageFrom(this.#report, counted);
    const { limit } = this.#options;
    if (!this.#wasCut || limit === undefined) return usage;
    return { ...usage, completionTokens: limit, reasoningTokens: Math.min(limit, usage.reasoningTokens) };
  }

  /**
   * Reads one event of a stream, or (`whole`) a body that is all there is.
   * @returns undefined when it has nothing for the client, such as one that carries the usage.
   * @throws {UpstreamResponseError} when the engine gave up, or a whole body says nothing.
   */
  read(json: Json, whole = false): ChunkChoice | undefined {
    const choice = Array.isArray(json['choices']) ? asObject(json['choices'][0]) : undefined;
    const told = choice === undefined ? undefined : toldBy(choice);
    if (whole && told === undefined) throw new UpstreamResponseError('The response has no choice.');
    const reason = choice === undefined ? null : readFinishReason(choice['finish_reason']);
    const report = readUsageReport(json['usage'] ?? choice?.['usage']);
    if (report !== undefined) {
      Object.assign(this.#report, report);
      this.#isReported ||= this.#finished || reason !== null;
    }
    if (choice === undefined || this.#finished) return undefined;
    if (reason === 'failed')
      throw new UpstreamResponseError(`The engine of the upstream gave up: ${String(choice['finish_reason'])}.`);
    if (!this.#begun) this.#fingerprint = fingerprintIn(json);
    return this.#read(choice, told ?? {}, reason, report?.completionTokens, whole);
  }

  /**
   * Ends a choice that the server has ended without a finish reason.
   * @throws {UpstreamResponseError} when nothing has come of it.
   */
  end(): ChunkChoice {
    this.#requireOutput();
    return this.#write({}, 'stop', null);
  }

  #read(
    choice: Json,
    told: Json,
    reason: FinishReason | null,
    reported: number | undefined,
    whole: boolean,
  ): ChunkChoice | undefined {
    const came = readTexts(told);
    const calls = this.#calls.read(told['tool_calls'], told['function_call'], whole);
    this.#count(came, calls, whole);
    const isBeyond = this.#isBeyondLimit(reported, whole || reason !== null);
    if (isBeyond && (calls === undefined || !whole)) return this.#cut(came, whole);

    const wasHolding = this.#text.isHolding;
    const texts = this.#text.push(came, calls !== undefined);
    if (texts.reasoning !== '') this.#countReasoning(texts.reasoning, whole);
    const delta = this.#deltaOf(texts);
    // The first chunk says what the server says of a content that is null.
    if (!this.#begun && told['content'] === null) delta.content ??= null;
    if (Array.isArray(told['annotations'])) delta.annotations = told['annotations'];
    if (calls !== undefined) delta.tool_calls = calls;
    if (texts.content !== '' || texts.refusal !== '' || calls !== undefined) this.#hasOutput = true;
    if (whole && reason === null) this.#requireOutput();

    const logprobs = this.#logprobsOf(choice['logprobs'], came, texts, wasHolding);
    const ending = reason ?? (whole ? 'stop' : null);
    const saysNothing = Object.keys(delta).length === 0 && (logprobs?.content ?? logprobs?.refusal ?? null) === null;
    if (this.#begun && ending === null && saysNothing) return undefined;
    return this.#write(delta, ending, logprobs, choice);
  }

  #requireOutput(): void {
    if (!this.#hasOutput && !this.#text.isHolding)
      throw new UpstreamResponseError('The response ended without a text.');
  }

  #count(
    { content, reasoning, refusal }: PartTexts,
    calls: readonly ToolCallDelta[] | undefined,
    whole: boolean,
  ): void {
    const args = calls === undefined ? '' : calls.map((call) => call.function?.arguments ?? '').join('');
    const text = args === '' && reasoning === '' && refusal === '' ? content : reasoning + content + refusal + args;
    if (whole) this.#tally.addWhole(text);
    else if (text !== '') this.#tally.add(text);
  }

  #countReasoning(text: string, whole: boolean): void {
    if (whole) this.#reasoningTally.addWhole(text);
    else this.#reasoningTally.add(text);
  }

  /** `reported` is exact where it comes with each chunk; a sum at the end may hold more than what a limit counts. */
  #isBeyondLimit(reported: number | undefined, isLast: boolean): boolean {
    const { limit } = this.#options;
    if (limit === undefined) return false;
    const margin = LIMIT_MARGIN_TOKENS + Math.ceil(limit * LIMIT_MARGIN_SHARE);
    if (reported !== undefined && reported > 0) return reported > (isLast ? limit + margin : limit);
    return this.#tally.tokensAtLeast > limit + margin;
  }

  /** Ends it at the limit. Of a whole text the beginning is left: as much of it as the limit is of its tokens. */
  #cut({ content, reasoning }: PartTexts, whole: boolean): ChunkChoice {
    const { limit = 0 } = this.#options;
    this.#wasCut = true;
    if (!whole) return this.#write({}, 'length', null);
    const tokens = this.#report.completionTokens ?? this.#tally.tokens;
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

  /** Those of what a client sees: the tokens of reasoning would tell it unasked. */
  #logprobsOf(value: unknown, came: PartTexts, texts: PartTexts, wasHolding: boolean): Logprobs | null {
    const told = value == null ? null : readLogprobs(value);
    const held = this.#heldLogprobs;
    this.#heldLogprobs = null;
    const all = wasHolding && texts.content !== '' ? joinedLogprobs(held, told) : told;
    if (all === null || this.#options.reasoningWanted) return all;
    if (this.#text.isHolding) {
      this.#heldLogprobs = joinedLogprobs(held, told);
      return null;
    }
    if (texts.reasoning === '' && texts.content.length >= came.content.length) return all;
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
      finish_reason: reason === null ? null : this.#reasonWith(reason),
      logprobs,
    };
    if (choice !== undefined) for (const name of EXTRAS) if (choice[name] != null) chunk[name] = choice[name];
    return chunk;
  }

  /** What was held back until the end. */
  #flush(delta: Delta): void {
    const { content = '', reasoning_content: reasoning = '', refusal = '' } = this.#deltaOf(this.#text.end());
    if (content) delta.content = (delta.content ?? '') + content;
    if (reasoning) delta.reasoning_content = (delta.reasoning_content ?? '') + reasoning;
    if (refusal) delta.refusal = (delta.refusal ?? '') + refusal;
    const calls = this.#calls.end();
    if (calls !== undefined) delta.tool_calls = [...(delta.tool_calls ?? []), ...calls];
  }

  /** Calls finish with `tool_calls`, and nothing else does, since clients then look for them. */
  #reasonWith(reason: FinishReason): FinishReason {
    if (this.#calls.count > 0) return reason === 'stop' ? 'tool_calls' : reason;
    return reason === 'tool_calls' ? 'stop' : reason;
  }
}

/** A delta, a message, or the text of the older completions. */
function toldBy({ delta, message, text }: Json): Json | undefined {
  return asObject(delta) ?? asObject(message) ?? (typeof text === 'string' ? { content: text } : undefined);
}

/** What it says of its weights and code, which clients compare; a whole page would not be that. */
function fingerprintIn({ system_fingerprint: fingerprint }: Json): string | undefined {
  return typeof fingerprint === 'string' && fingerprint.length <= FINGERPRINT_LENGTH_MAX ? fingerprint : undefined;
}
