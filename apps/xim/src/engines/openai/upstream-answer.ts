/**
 * Upstream JSON as choices. They are passed on with every field they have; only what the engine promises is made sure of:
 * the index, the role in the first chunk and in no other, a finish reason that is text or null, and `logprobs`.
 */
import type { TokenUsage } from '@xerotier/contracts';
import type { Choice, ChunkChoice } from '../engine.ts';
import { withThoughts } from './upstream-thoughts.ts';
import { estimateTokens, readUsage } from './upstream-usage.ts';

type Json = Readonly<Record<string, unknown>>;

const FINGERPRINT_LENGTH_MAX = 256;

/** An answer that the upstream should not have given; the message is not for clients. */
class UpstreamAnswerError extends Error {
  override readonly name = 'UpstreamAnswerError';
}

/** Reads the chunks of one streamed choice, in their order. */
export class ChunkReader {
  readonly #index: number;
  readonly #reasonIn: (error: unknown) => string;
  readonly #thoughtsWanted: boolean;
  #usage: TokenUsage | undefined;
  #fingerprint: string | undefined;
  #contentChunks = 0;
  #begun = false;
  #finished = false;

  /** `reasonIn` makes the text of an error object fit for a log. */
  constructor(index: number, thoughtsWanted: boolean, reasonIn: (error: unknown) => string) {
    this.#index = index;
    this.#thoughtsWanted = thoughtsWanted;
    this.#reasonIn = reasonIn;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** As the upstream reported it last. */
  get usage(): TokenUsage | undefined {
    return this.#usage;
  }

  /** As the upstream said it with its first choice. */
  get fingerprint(): string | undefined {
    return this.#fingerprint;
  }

  /** Chunks that carried a part of the answer: the best count of tokens there is without a report. */
  get contentChunks(): number {
    return this.#contentChunks;
  }

  /**
   * @returns nothing for a chunk without a choice, such as the one that carries the usage.
   * @throws {UpstreamAnswerError} when the data is no chunk, or says that the upstream failed.
   */
  read(data: string): ChunkChoice[] {
    const chunk = parseObject(data);
    refuseError(chunk, this.#reasonIn);
    this.#usage = readUsage(chunk['usage']) ?? this.#usage;
    const choice = firstChoice(chunk);
    if (choice === undefined || this.#finished) return [];
    const { role: _role, ...told } = asObject(choice['delta']) ?? {};
    const finishReason = typeof choice['finish_reason'] === 'string' ? choice['finish_reason'] : null;
    const isFirst = !this.#begun;
    this.#begun = true;
    if (isFirst) this.#fingerprint = fingerprintIn(chunk);
    this.#finished = finishReason !== null;
    if (Object.values(told).some(isContent)) this.#contentChunks += 1;
    const delta = withThoughts(told, this.#thoughtsWanted);
    // Only a thought that nobody wants: there is nothing to say yet.
    if (!isFirst && !this.#finished && Object.keys(delta).length === 0 && Object.keys(told).length > 0) return [];
    return [
      {
        ...choice,
        index: this.#index,
        delta: isFirst ? { role: 'assistant', content: '', ...delta } : delta,
        finish_reason: finishReason,
        logprobs: choice['logprobs'] ?? null,
      },
    ];
  }
}

/**
 * The answer to a request that was not streamed.
 * @throws {UpstreamAnswerError} when it is none, or not a finished one.
 */
export function readAnswer(
  json: unknown,
  index: number,
  thoughtsWanted: boolean,
  reasonIn: (error: unknown) => string,
): { choice: Choice; usage: TokenUsage | undefined; fingerprint: string | undefined } {
  const answer = asObject(json);
  if (answer === undefined) throw new UpstreamAnswerError('The answer is not an object.');
  refuseError(answer, reasonIn);
  const choice = firstChoice(answer);
  const message = asObject(choice?.['message']);
  if (choice === undefined || message === undefined || typeof choice['finish_reason'] !== 'string') {
    throw new UpstreamAnswerError('The answer has no finished choice.');
  }
  const content = typeof message['content'] === 'string' ? message['content'] : null;
  const refusal = typeof message['refusal'] === 'string' ? message['refusal'] : null;
  const annotations = Array.isArray(message['annotations']) ? message['annotations'] : [];
  return {
    choice: {
      ...choice,
      index,
      message: { ...withThoughts(message, thoughtsWanted), role: 'assistant', content, refusal, annotations },
      finish_reason: choice['finish_reason'],
      logprobs: choice['logprobs'] ?? null,
    },
    usage: readUsage(answer['usage']),
    fingerprint: fingerprintIn(answer),
  };
}

/** For an answer without a report of its usage. */
export function estimateCompletionTokens({ message }: Choice): number {
  return estimateTokens(
    JSON.stringify([message.content, message.refusal, message['reasoning_content'], message['tool_calls']]).length,
  );
}

function refuseError(json: Json, reasonIn: (error: unknown) => string): void {
  const isError = (json['error'] !== undefined && json['error'] !== null) || json['object'] === 'error';
  if (isError) throw new UpstreamAnswerError(`The upstream failed while it was answering: ${reasonIn(json)}`);
}

/** What it says of its weights and code, which clients compare; a whole page would not be that. */
function fingerprintIn({ system_fingerprint: fingerprint }: Json): string | undefined {
  return typeof fingerprint === 'string' && fingerprint.length <= FINGERPRINT_LENGTH_MAX ? fingerprint : undefined;
}

/** The upstream is asked for one choice, whatever its index is. */
function firstChoice(json: Json): Json | undefined {
  return Array.isArray(json['choices']) ? asObject(json['choices'][0]) : undefined;
}

function isContent(value: unknown): boolean {
  return (typeof value === 'string' || Array.isArray(value)) && value.length > 0;
}

function parseObject(data: string): Json {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch (error) {
    throw new UpstreamAnswerError('A chunk of the stream is not JSON.', { cause: error });
  }
  const chunk = asObject(json);
  if (chunk === undefined) throw new UpstreamAnswerError('A chunk of the stream is not an object.');
  return chunk;
}

function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
