/**
 * The engine for tests and benchmarks: a directive in the request defines the output, the pace and the faults (see `script.ts`).
 * It computes nothing, so it can simulate hundreds of fast concurrent generations. Never a default.
 */
import { emptyUsage } from '@xerotier/contracts/inference';
import { AppError } from '@xerotier/errors';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { contentChunk, finishChunk, headEvent, roleChunk } from '../chunk-events.ts';
import type { FinishReason } from '../chunk-events.ts';
import { inputTooLong, rejectUnsupportedDimensions, rejectUnknownTokens } from '../embedding-rules.ts';
import type { ChatEngine, EmbeddingEngine, EmbedJob, EngineEvent, EngineJob, EngineParameter } from '../engine.ts';
import { messageText } from '../message-text.ts';
import { StopMatcher } from '../stop-matcher.ts';
import { requestedMaxTokens, tokenBudget } from '../token-budget.ts';
import { AbortablePause, Pacer } from './pace.ts';
import { readScript, readScriptIn } from './script.ts';
import type { Script } from './script.ts';
import { VECTOR_DIMENSIONS, VOCABULARY_TOKENS, wordVector, wordsIn } from './word-vector.ts';

/** Time for the last events to be sent before the process is killed. */
const EXIT_GRACE_MS = 20;

export interface ScriptedEngineOptions {
  readonly slots: number;
  readonly contextTokens: number;
  /** The effect of `exitAfter`. Default: kills this process, like a crash. */
  readonly exit?: () => void;
}

export class ScriptedEngine implements ChatEngine, EmbeddingEngine {
  readonly name = 'scripted';
  readonly slots: number;
  readonly contextTokens: number;
  readonly fingerprint = 'fp_scripted';
  readonly parameters: ReadonlySet<EngineParameter> = new Set<EngineParameter>(['seed']);
  readonly #exit: () => void;

  constructor(options: ScriptedEngineOptions) {
    this.slots = options.slots;
    this.contextTokens = options.contextTokens;
    this.#exit = options.exit ?? ((): void => void process.kill(process.pid, 'SIGKILL'));
  }

  async *generate(job: EngineJob, signal: AbortSignal): AsyncGenerator<EngineEvent, TokenUsage> {
    const script = readScript(job.request);
    const usage = initialUsage(job, script);
    const budget = tokenBudget(requestedMaxTokens(job.request), usage.promptTokens, this.contextTokens);
    const pause = new AbortablePause(signal);
    try {
      yield headEvent(budget.clampedFrom);
      await pause.wait(script.prefillMs);
      yield* this.#reply(job, script, budget.maxTokens, usage, pause);
      return usage;
    } finally {
      pause.dispose();
    }
  }

  async count(request: ChatCompletionRequest): Promise<number> {
    return promptTokensOf(request, readScript(request));
  }

  /** Texts that share words have similar vectors. The directive of the first text defines pace and faults, counted in vectors. */
  async *embed(job: EmbedJob, signal: AbortSignal): AsyncGenerator<Float32Array, TokenUsage> {
    rejectUnsupportedDimensions(job.dimensions, VECTOR_DIMENSIONS);
    const inputs = job.inputs.map((input, i) => this.#wordsOf(input, job.paramOf(i), job.tokensMaxOf?.(i)));
    const [first] = job.inputs;
    const script = readScriptIn(typeof first === 'string' ? first : '', job.paramOf(0));
    const usage = emptyUsage();
    const pause = new AbortablePause(signal);
    try {
      await pause.wait(script.prefillMs);
      for (const [done, words] of inputs.entries()) {
        if (hasFault(script, done)) await this.#fault(script, done, usage, pause);
        if (script.delayMs > 0) await pause.wait(script.delayMs);
        if (pause.aborted) return usage;
        usage.promptTokens += words.length;
        job.onInputTokens?.(words.length);
        yield wordVector(words);
      }
      return usage;
    } finally {
      pause.dispose();
    }
  }

  async close(): Promise<void> {
    // There are no resources to release.
  }

  async *#reply(
    job: EngineJob,
    script: Script,
    maxTokens: number,
    usage: TokenUsage,
    pause: AbortablePause,
  ): AsyncGenerator<EngineEvent, void> {
    const tokens = scriptedTokens(script);
    const count = Math.min(tokens.count, maxTokens);
    const matcher = new StopMatcher([job.request.stop ?? []].flat());
    const pacer = new Pacer(script.delayMs, pause);
    let finish: FinishReason = tokens.count > maxTokens ? 'length' : 'stop';

    if (hasFault(script, 0)) await this.#fault(script, 0, usage, pause);
    if (pause.aborted) return;
    pacer.start();
    yield roleChunk(job.choiceIndex);
    if (isSingleChunk(job, script)) {
      usage.completionTokens += count;
      const text = Array.from({ length: count }, (_, i) => tokens.at(i)).join('');
      if (text !== '') yield contentChunk(job.choiceIndex, text);
      yield finishChunk(job.choiceIndex, finish);
      return;
    }
    for (let i = 0; i < count; i += 1) {
      usage.completionTokens += 1;
      const { text, stopped } = matcher.push(tokens.at(i));
      if (text !== '') yield contentChunk(job.choiceIndex, text);
      if (stopped) {
        finish = 'stop';
        break;
      }
      if (hasFault(script, i + 1)) await this.#fault(script, i + 1, usage, pause);
      const wait = i + 1 < count ? pacer.afterToken() : undefined;
      if (wait !== undefined) await wait;
      if (pause.aborted) return;
    }
    const rest = matcher.flush();
    if (rest !== '') yield contentChunk(job.choiceIndex, rest);
    yield finishChunk(job.choiceIndex, finish);
  }

  #wordsOf(input: string | readonly number[], param: string, tokensMax?: number): readonly string[] {
    if (typeof input !== 'string') rejectUnknownTokens(param, input, VOCABULARY_TOKENS);
    const words = (typeof input === 'string' ? wordsIn(input) : input.map(String)).slice(0, tokensMax);
    if (words.length > this.contextTokens) throw inputTooLong(param, words.length, this.contextTokens);
    return words;
  }

  async #fault(script: Script, done: number, usage: TokenUsage, pause: AbortablePause): Promise<void> {
    if (script.failAfter === done) {
      const cause = new Error(`Scripted failure after ${done}.`);
      throw new AppError('inference.engine_failed', { usage }, { cause });
    }
    if (script.exitAfter === done) {
      await pause.wait(EXIT_GRACE_MS);
      this.#exit();
    }
    if (script.hangAfter === done) await pause.untilAborted();
  }
}

/** The chunks of a response that is not streamed are joined anyway, and each costs time in a benchmark. */
function isSingleChunk({ request }: EngineJob, script: Script): boolean {
  const faultless = [script.failAfter, script.exitAfter, script.hangAfter].every((after) => after === undefined);
  return request.stream !== true && request.stop === undefined && script.delayMs === 0 && faultless;
}

function hasFault(script: Script, tokensOut: number): boolean {
  return script.failAfter === tokensOut || script.exitAfter === tokensOut || script.hangAfter === tokensOut;
}

function scriptedTokens(script: Script): { count: number; at: (i: number) => string } {
  if (script.text === undefined) return { count: script.tokens, at: (i) => `tok${i} ` };
  const pieces = script.text.match(/\s*\S+\s*|\s+/g) ?? [];
  return { count: pieces.length, at: (i) => pieces[i] ?? '' };
}

function initialUsage(job: EngineJob, script: Script): TokenUsage {
  return {
    ...emptyUsage(),
    promptTokens: promptTokensOf(job.request, script),
    cachedTokens: script.cachedTokens ?? 0,
  };
}

function promptTokensOf({ messages }: ChatCompletionRequest, { promptTokens }: Script): number {
  return promptTokens ?? messages.reduce((sum, message) => sum + (messageText(message).match(/\S+/g)?.length ?? 0), 0);
}
