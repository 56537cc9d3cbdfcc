/**
 * What the worker asks of an engine. An engine turns one validated request into a stream of events; it knows nothing
 * of NATS, leases or tenants. Three of them exist: `llama` (in this process), `openai` (any OpenAI-compatible HTTP
 * server) and `scripted` (deterministic, for tests and benchmarks).
 */
import type { Choice, ChunkChoice } from '@xerotier/chat-choices';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { ChatCompletionRequest, ReasoningEffort } from '@xerotier/public-api/chat-completions';
import type { MediaRoute, MediaTask } from '@xerotier/contracts/xim';

/** The settings of the engine are wrong: trying again cannot help. */
export class EngineMisconfiguredError extends Error {
  override readonly name = 'EngineMisconfiguredError';
}

/** What engines answer in. */
export type { Choice, ChunkChoice, ToolCallDelta } from '@xerotier/chat-choices';

/** Request parameters that not every engine can honour. What an engine does not list, the worker rejects by name. */
export type EngineParameter =
  | 'tools'
  | 'logprobs'
  | 'reasoning_effort'
  | 'prediction'
  | 'logit_bias'
  | 'frequency_penalty'
  | 'presence_penalty'
  | 'response_format'
  | 'seed'
  | 'image_parts'
  | 'audio_parts'
  | 'file_parts';

export type EngineEvent =
  /**
   * First, when the request is accepted and before anything is computed that takes long; and once more before the first part
   * of the answer when more is known by then.
   */
  | {
      type: 'head';
      maxTokensClampedFrom?: number;
      adjustedReasoningEffort?: ReasoningEffort;
      /** Of whatever made this answer, where the engine's own `fingerprint` is absent. */
      systemFingerprint?: string;
    }
  /** A part of the answer. An engine may yield these for a request that is not streamed too: the worker joins them. */
  | { type: 'chunk'; choices: ChunkChoice[] }
  /** The whole answer at once; only for a request that is not streamed. */
  | { type: 'answer'; choices: Choice[] };

export interface EngineJob {
  readonly request: ChatCompletionRequest;
  /** The `index` of every choice this generation yields; `n` in the request is not the engine's business. */
  readonly choiceIndex: number;
  /** The seed as it was written, where a number cannot hold all of its digits. */
  readonly seedDigits?: string | undefined;
  /** Requests with different salts must never share cached prefixes that one could measure (one salt per project). */
  readonly cacheSalt: string;
}

export interface EmbedJob {
  /** Texts, or tokens of the model's vocabulary. */
  readonly inputs: readonly (string | readonly number[])[];
  /** How many numbers a vector shall have. */
  readonly dimensions?: number | undefined;
  /** Of an input that is longer, only so many tokens from its beginning are read; undefined for the whole. Absent: all are read whole. */
  readonly tokensMaxOf?: (index: number) => number | undefined;
  /** What a refusal calls an input. */
  readonly paramOf: (index: number) => string;
}

export interface RankJob {
  /** One for all documents, or one for each. */
  readonly queries: readonly string[];
  readonly documents: readonly string[];
  /** Of a longer document, only so many tokens from its beginning are read. */
  readonly documentTokensMax?: number | undefined;
}

export interface MediaJob {
  readonly route: MediaRoute;
  /** With their types in JSON; without `model`. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly files: readonly {
    readonly field: string;
    readonly name: string;
    readonly contentType: string;
    readonly data: Uint8Array;
  }[];
}

export type MediaEvent =
  /** Exactly once and first, as soon as an answer has begun. */
  | { type: 'head'; contentType: string }
  /** The next bytes of the answer. */
  | { type: 'data'; bytes: Uint8Array };

/** What every engine is. What it can do is said by the interfaces below, of which it implements one or more. */
export interface Engine {
  readonly name: 'llama' | 'openai' | 'scripted';
  /** Generations that may run at once; the worker never starts more. */
  readonly slots: number;
  /** Prompt and completion of one generation together; undefined when it is not known. */
  readonly contextTokens: number | undefined;
  /** Identifies weights, engine and sampling code; absent when it cannot be known. */
  readonly fingerprint: string | undefined;

  /**
   * Of an engine whose computing is done elsewhere: asks whether that can be reached, and learns what it says of its model. To
   * be called once before any work, and again whenever that is in doubt. Absent: the engine is there as long as the worker is.
   *
   * @throws an Error whose message tells an operator why not; {@link EngineMisconfiguredError} when trying again cannot help.
   */
  check?(signal: AbortSignal): Promise<void>;

  close(): Promise<void>;
}

/**
 * What all of these promise: not pulling the next event holds the engine (that is how a slow reader pauses it). Ending the
 * iteration early, or aborting the signal, stops the computation at once. They return what was used, also when the signal
 * ended it early (then counted up to there), and throw `AppError`s with `inference.*` or `request.*` codes; nothing else
 * leaves an engine.
 */
export interface ChatEngine extends Engine {
  readonly parameters: ReadonlySet<EngineParameter>;
  /** Runs one generation. The first chunk of a choice carries the role, the last its finish reason, exactly once. */
  generate(job: EngineJob, signal: AbortSignal): AsyncGenerator<EngineEvent, TokenUsage>;
}

export interface EmbeddingEngine extends Engine {
  /**
   * A vector for each input, in their order, each as soon as it is computed.
   * @throws {AppError} also `inference.input_too_long`, naming the input.
   */
  embed(job: EmbedJob, signal: AbortSignal): AsyncGenerator<Float32Array, TokenUsage>;
}

export interface RankEngine extends Engine {
  /** A score for each document, in their order; more is nearer to its query. */
  rank(job: RankJob, signal: AbortSignal): AsyncGenerator<number, TokenUsage>;
}

export interface MediaEngine extends Engine {
  /** What its model is for; it is only given jobs for routes of this task. */
  readonly mediaTask: MediaTask;
  /** Sound of a text, the text of sound, or images, as the OpenAI API responds. */
  media(job: MediaJob, signal: AbortSignal): AsyncGenerator<MediaEvent, TokenUsage>;
}
