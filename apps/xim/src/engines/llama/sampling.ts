/** From the parameters of a request to those of the sampler. */
import { randomInt } from 'node:crypto';
import { AppError } from '@xerotier/errors';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { TokenBias } from 'node-llama-cpp';
import type { LlamaModel, SequenceEvaluateOptions, Token } from 'node-llama-cpp';

/** The sampler reads its seed as 32 bits and takes the largest number for "random". */
const SEEDS = 2 ** 32 - 1;
/** Penalties count the tokens of a reply this far back: the sampler compares all of them at every step. */
const PENALTY_WINDOW_TOKENS = 4_096;

/**
 * `generated` is read again at every step, so the caller keeps adding to it.
 * @throws {AppError} `request.invalid` when `logit_bias` names a token that the model does not have;
 * `request.unsupported_parameter` when it names one that ends a turn.
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
    // A nucleus of nothing keeps the likeliest token alone, which is what a temperature of 0 does.
    temperature: topP === 0 ? 0 : temperature,
    topP,
    // Their defaults are not neutral, and the API knows neither.
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

/** Every choice of a request has its own seed, and the same one again when the request is repeated. */
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
        { reason: `logit_bias names token ${token}, but this model has the tokens 0 to ${vocabularySize - 1}.` },
        { param: 'logit_bias' },
      );
    }
    if (model.isEogToken(token)) {
      // The library leaves these tokens out, so saying nothing would be to ignore the parameter.
      throw new AppError(
        'request.unsupported_parameter',
        {
          param: 'logit_bias',
          reason: `token ${token} ends a turn of this model, and its likelihood cannot be changed.`,
        },
        { param: 'logit_bias' },
      );
    }
    bias.set(token, { logit });
  }
  return bias;
}
