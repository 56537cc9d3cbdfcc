/**
 * The engine interface of a worker. An engine turns a validated request into a stream of events; it is independent of NATS,
 * leases and tenants. There are three: `llama` (in this process), `openai` (any OpenAI-compatible HTTP server, also one that the
 * worker has started) and `scripted` (deterministic, for tests and benchmarks).
 */
import type { Choice, ChunkChoice } from '@xerotier/chat-choices';
import type { TokenUsage } from '@xerotier/contracts/inference';
import type { ChatCompletionRequest, ReasoningEffort } from '@xerotier/public-api/chat-completions';
import type { MediaRoute, MediaTask } from '@xerotier/contracts/xim';

/** The settings of the engine are wrong, so a retry cannot help. */
export class EngineMisconfiguredError extends Error {
  override readonly name = 'EngineMisconfiguredError';
}

/** The types of the choices that engines yield. */
export type { Choice, ChunkChoice, ToolCallDelta } from '@xerotier/chat-choices';

/** Request parameters that not every engine supports. The worker rejects those that its engine does not list, by name. */
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
   * Yielded first, once the request is accepted and before any long computation; and again before the first chunk when more is
   * known by then.
   */
  | {
      type: 'head';
      maxTokensClampedFrom?: number;
      adjustedReasoningEffort?: ReasoningEffort;
      /** Fingerprint of what generated this response, where the engine has no `fingerprint` itself. */
      systemFingerprint?: string;
    }
  /** A chunk of the response. An engine may yield chunks for a request that is not streamed, too: the worker joins them. */
  | { type: 'chunk'; choices: ChunkChoice[] }
  /** The whole response; only for a request that is not streamed. */
  | { type: 'response'; choices: Choice[] };

export interface EngineJob {
  readonly request: ChatCompletionRequest;
  /** The `index` of every choice that this generation yields. The engine ignores `n` of the request. */
  readonly choiceIndex: number;
  /** The seed verbatim, where a number cannot represent it exactly. */
  readonly seedDigits?: string | undefined;
  /** Requests with different salts must never share cached prefixes, which are measurable. One salt per project. */
  readonly cacheSalt: string;
}

export interface EmbedJob {
  /** Texts, or tokens of the model's vocabulary. */
  readonly inputs: readonly (string | readonly number[])[];
  /** Requested number of dimensions. */
  readonly dimensions?: number | undefined;
  /** Number of tokens that a longer input is truncated to; undefined: no truncation. Absent: no input is truncated. */
  readonly tokensMaxOf?: (index: number) => number | undefined;
  /** The `param` of errors about an input. */
  readonly paramOf: (index: number) => string;
  /** Called with the tokens of each input, in order, by engines that count them one by one. */
  readonly onInputTokens?: (tokens: number) => void;
}

export interface RankJob {
  /** One for all documents, or one for each. */
  readonly queries: readonly string[];
  readonly documents: readonly string[];
  /** Number of tokens that a longer document is truncated to. */
  readonly documentTokensMax?: number | undefined;
}

export interface MediaJob {
  readonly route: MediaRoute;
  /** The fields of the request with their JSON types, without `model`. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly files: readonly {
    readonly field: string;
    readonly name: string;
    readonly contentType: string;
    readonly data: Uint8Array;
  }[];
}

export type MediaEvent =
  /** Yielded exactly once and first, as soon as the response has begun. */
  | { type: 'head'; contentType: string }
  /** The next bytes of the response. */
  | { type: 'data'; bytes: Uint8Array };

/** The common part of all engines. Each implements one or more of the interfaces below. */
export interface Engine {
  readonly name: 'llama' | 'openai' | 'vllm' | 'sglang' | 'llama-server' | 'scripted';
  /** Maximum number of concurrent generations, which the worker enforces. */
  readonly slots: number;
  /** Maximum tokens of prompt and completion together; undefined when unknown. */
  readonly contextTokens: number | undefined;
  /** Identifies weights, engine and sampling code; undefined when unknown. */
  readonly fingerprint: string | undefined;

  /**
   * Checks that the upstream server is reachable, and reads what it reports about its model. Must be called once before any
   * work, and again whenever the server may have become unavailable. Absent: the engine runs in this process.
   *
   * @throws an Error whose message is meant for operators; {@link EngineMisconfiguredError} when a retry cannot help.
   */
  check?(signal: AbortSignal): Promise<void>;

  close(): Promise<void>;
}

/**
 * The contract of all engines: the engine computes no further than its reader pulls, which is the backpressure of a slow
 * reader. Ending the iteration early, or aborting the signal, stops the computation immediately. The generator returns the usage,
 * also after an abort (then up to the abort), and throws only `AppError`s with `inference.*` or `request.*` codes.
 */
export interface ChatEngine extends Engine {
  readonly parameters: ReadonlySet<EngineParameter>;
  /** Runs one generation. The first chunk of a choice has the role, and the last one the finish reason, exactly once. */
  generate(job: EngineJob, signal: AbortSignal): AsyncGenerator<EngineEvent, TokenUsage>;
  /**
   * Returns the prompt tokens that `generate` would report for the request, also if they leave no room in the context. Absent: the
   * engine cannot count without generating.
   * @throws {AppError} also `inference.task_unsupported` when the server behind the engine cannot count.
   */
  count?(request: ChatCompletionRequest, signal: AbortSignal): Promise<number>;
}

export interface EmbeddingEngine extends Engine {
  /**
   * Yields one vector per input, in order, each as soon as it is computed.
   * @throws {AppError} also `inference.input_too_long`, naming the input.
   */
  embed(job: EmbedJob, signal: AbortSignal): AsyncGenerator<Float32Array, TokenUsage>;
}

export interface RankEngine extends Engine {
  /** Yields one score per document, in order; higher is more relevant. */
  rank(job: RankJob, signal: AbortSignal): AsyncGenerator<number, TokenUsage>;
}

export interface MediaEngine extends Engine {
  /** The task of the model; the engine only receives jobs for routes of this task. */
  readonly mediaTask: MediaTask;
  /** Yields speech, a transcription or images, as the body of an OpenAI response. */
  media(job: MediaJob, signal: AbortSignal): AsyncGenerator<MediaEvent, TokenUsage>;
}
