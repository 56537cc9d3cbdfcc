/** Converts the parameters of a request to those of the sampler. */
import { randomInt } from 'node:crypto';
import { AppError } from '@xerotier/errors';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { TokenBias } from 'node-llama-cpp';
import type { LlamaModel, SequenceEvaluateOptions, Token } from 'node-llama-cpp';

/** The sampler has 32-bit seeds and interprets the largest one as "random". */
const SEEDS = 2 ** 32 - 1;
/** Penalties count this many recent tokens: the sampler compares all of them at every step. */
const PENALTY_WINDOW_TOKENS = 4_096;

/**
 * @param generated is read at every step, while the caller appends to it.
 * @throws {AppError} `request.invalid` when `logit_bias` has a token that is not in the vocabulary;
 * `request.unsupported_parameter` when it has an end-of-turn token.
 */
export function samplerOptions(
  request: ChatCompletionRequest,
  choiceIndex: number,
  model: LlamaModel,
  vocabularySize: number,
  generated: readonly Token[],
): SequenceEvaluateOptions {
  const temperature = request.temperature ?? 1;
  const topP = request.top_p ?? 1;
  const { frequency_penalty: frequencyPenalty = 0, presence_penalty: presencePenalty = 0 } = request;
  return {
    // An empty nucleus keeps only the most likely token, which equals a temperature of 0.
    temperature: topP === 0 ? 0 : temperature,
    topP,
    // The defaults of the library are not neutral, and the API has neither parameter.
    topK: 0,
    minP: 0,
    seed: samplerSeed(request.seed, choiceIndex),
    yieldEogToken: true,
    ...((frequencyPenalty !== 0 || presencePenalty !== 0) && {
      repeatPenalty: {
        penalty: 1,
        frequencyPenalty,
        presencePenalty,
        punishTokens: () => generated.slice(-PENALTY_WINDOW_TOKENS),
        maxPunishTokens: PENALTY_WINDOW_TOKENS,
      },
    }),
    ...(request.logit_bias !== undefined && { tokenBias: tokenBias(request.logit_bias, model, vocabularySize) }),
  };
}

/** Returns a distinct seed per choice, which is the same when the request is repeated. */
export function samplerSeed(seed: number | undefined, choiceIndex: number): number {
  if (seed === undefined) return randomInt(SEEDS);
  const wrapped = (BigInt(seed) + BigInt(choiceIndex)) % BigInt(SEEDS);
  return Number(wrapped < 0n ? wrapped + BigInt(SEEDS) : wrapped);
}

function tokenBias(biases: Readonly<Record<string, number>>, model: LlamaModel, vocabularySize: number): TokenBias {
  const bias = TokenBias.for(model);
  for (const [id, logit] of Object.entries(biases)) {
    const token = Number(id) as Token;
    if (token >= vocabularySize) {
      throw new AppError(
        'request.invalid',
        {
          reason: `Invalid value for 'logit_bias': token ${token} is not in the vocabulary of this model, which has ${vocabularySize} tokens.`,
        },
        { param: 'logit_bias' },
      );
    }
    if (model.isEogToken(token)) {
      // The library ignores the bias of these tokens, and no parameter may be silently ignored.
      throw new AppError(
        'request.unsupported_parameter',
        {
          param: 'logit_bias',
          reason: `token ${token} is an end-of-turn token of this model, which cannot be biased.`,
        },
        { param: 'logit_bias' },
      );
    }
    bias.set(token, { logit });
  }
  return bias;
}
