/** Detects errors of a server about a prompt that exceeds the context, and reads their token counts. */
import { messageIn } from './upstream-reason.ts';
import { asObject, parseUpstreamJson } from './upstream-json.ts';
import { countIn } from './upstream-usage.ts';

/** The counts in the error; absent ones were not reported. */
export interface Overflow {
  readonly promptTokens?: number;
  readonly contextTokens?: number;
  /** Prompt and completion together, where only the sum was reported. */
  readonly requestedTokens?: number;
}

/** Error codes and types of OpenAI, compatible servers and llama-server. */
const NAMES: ReadonlySet<unknown> = new Set([
  'context_length_exceeded',
  'exceed_context_size_error',
  'string_above_max_length',
]);

/** The message must match both patterns, since it may mention a limit for other reasons. */
const ROOM =
  /context (?:length|window|size|limit)|maximum (?:model|sequence|input|prompt) length|max_seq_len|max_num_tokens|max_model_len|session_len|`?inputs`? (?:tokens|must have)|input (?:length|token count)|prompt is too long|too many tokens|too large to process|length \(\d+ tokens\)|input length limit/i;
const TOO_SMALL =
  /exceed|longer|larger|too (?:long|large|many|big)|greater than|less than|shorter|must be <=|overflow|not enough|requested|passed|resulted in|has \d+ input tokens|contains (?:at least )?\d+/i;

const CONTEXT = [
  /maximum context length (?:is|of) (?:only )?(\d+)/i, // OpenAI, vLLM, SGLang, DeepSeek
  /context length is (?:only )?(\d+)/i, // vLLM
  /(\d+) maximum context length/i, // Mistral
  /context (?:length|size|window)(?: of (?:only )?|\s*\()(\d+)/i, // SGLang, llama-server, llama-cpp-python, LM Studio
  /maximum context length: (\d+)/i, // Fireworks
  /maximum (?:model|sequence|input|prompt) length (?:is |of )?\(?(\d+)/i, // vLLM, TensorRT-LLM, xAI
  /maximum allowed length \((\d+)/i, // SGLang
  /must be <= (\d+)/i, // TGI
  /must have less than (\d+)/i, // TGI, TEI
  /(?:max_seq_len|max_num_tokens|session_len|max_model_len)\D{0,3}(\d+)/i, // TensorRT-LLM, LMDeploy
  /input length limit (\d+)/i, // MLC
  /current batch size: (\d+)/i, // llama-server, embeddings
  /> (\d+) maximum/i, // Anthropic
  /tokens allowed \((\d+)/i, // Gemini
  /cannot exceed (\d+)/i, // Cohere
];
const PROMPT = [
  /(\d+) in the messages/i, // OpenAI, vLLM
  /(\d+) in your prompt/i, // llama-cpp-python, OpenAI before chat
  /(\d+) (?:tokens )?(?:from the )?input (?:tokens|messages)/i, // vLLM, SGLang
  /(?:messages|prompt|request) (?:resulted in|contains|has) (?:at least )?(\d+)/i, // OpenAI, vLLM, Mistral, xAI, MLC
  /(?:input|prompt)(?: length)? \((?:length )?(\d+)/i, // vLLM, SGLang, TensorRT-LLM, llama-server
  /request \((\d+) tokens\)/i, // llama-server
  /requested tokens \((\d+)\)/i, // llama-cpp-python
  /given: (\d+)/i, // TGI, TEI
  /too long: (\d+)/i, // Anthropic, Fireworks
  /input token count \((\d+)/i, // Gemini
  /received (\d+)/i, // Cohere
];
const REQUESTED = /requested (?:a total of )?(\d+) tokens/i;
const COMPLETION = /(\d+) (?:tokens )?(?:in|for|from) the completion/i;

/** @returns undefined when the error has another reason. */
export function readOverflow(body: string): Overflow | undefined {
  const json = asObject(parsed(body));
  const error = asObject(json?.['error']) ?? json ?? {};
  const message = messageIn(body);
  const isCounted = countIn(error, 'n_prompt_tokens') !== undefined && countIn(error, 'n_ctx') !== undefined;
  const isNamed = isCounted || [error['code'], error['type']].some((name) => NAMES.has(name));
  if (!isNamed && !(ROOM.test(message) && TOO_SMALL.test(message))) return undefined;
  const requestedTokens = firstCount(message, [REQUESTED]);
  const completionTokens = firstCount(message, [COMPLETION]);
  const contextTokens = countIn(error, 'n_ctx') ?? firstCount(message, CONTEXT);
  const promptTokens =
    countIn(error, 'n_prompt_tokens') ??
    // Derived from the sum, since some servers count functions separately from the messages.
    (requestedTokens !== undefined && completionTokens !== undefined
      ? requestedTokens - completionTokens
      : firstCount(message, PROMPT));
  return {
    ...(promptTokens !== undefined && { promptTokens }),
    ...(contextTokens !== undefined && { contextTokens }),
    ...(requestedTokens !== undefined && { requestedTokens }),
  };
}

function firstCount(text: string, patterns: readonly RegExp[]): number | undefined {
  for (const pattern of patterns) {
    const found = Number(pattern.exec(text)?.[1]);
    if (Number.isSafeInteger(found) && found > 0) return found;
  }
  return undefined;
}

function parsed(text: string): unknown {
  try {
    return parseUpstreamJson(text);
  } catch {
    return undefined;
  }
}
