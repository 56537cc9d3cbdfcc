/** Rejects parameters that the engine does not support, so that none is silently ignored. */
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { AppError } from '@xerotier/errors';
import type { EngineParameter } from '../engines/engine.ts';

interface Use {
  readonly param: string;
  readonly parameter: EngineParameter;
  /** Whether the request uses it; a value that equals the default does not count. */
  readonly used: (request: ChatCompletionRequest) => boolean;
}

const USES: readonly Use[] = [
  {
    param: 'tools',
    parameter: 'tools',
    used: ({ tools, tool_choice: choice }) => (tools?.length ?? 0) > 0 && choice !== 'none',
  },
  { param: 'logprobs', parameter: 'logprobs', used: ({ logprobs }) => logprobs === true },
  {
    param: 'reasoning_effort',
    parameter: 'reasoning_effort',
    used: ({ reasoning_effort: effort }) => effort !== undefined && effort !== 'none',
  },
  { param: 'prediction', parameter: 'prediction', used: ({ prediction }) => prediction !== undefined },
  { param: 'logit_bias', parameter: 'logit_bias', used: ({ logit_bias: bias }) => Object.keys(bias ?? {}).length > 0 },
  {
    param: 'frequency_penalty',
    parameter: 'frequency_penalty',
    used: ({ frequency_penalty: penalty }) => (penalty ?? 0) !== 0,
  },
  {
    param: 'presence_penalty',
    parameter: 'presence_penalty',
    used: ({ presence_penalty: penalty }) => (penalty ?? 0) !== 0,
  },
  {
    param: 'response_format',
    parameter: 'response_format',
    used: ({ response_format: format }) => format !== undefined && format.type !== 'text',
  },
  { param: 'seed', parameter: 'seed', used: ({ seed }) => seed !== undefined },
];

const PARTS: Readonly<Record<string, EngineParameter>> = {
  image_url: 'image_parts',
  input_audio: 'audio_parts',
  file: 'file_parts',
};

/** @throws {AppError} `request.unsupported_parameter` naming the first parameter that is not supported. */
export function rejectUnsupported(request: ChatCompletionRequest, supported: ReadonlySet<EngineParameter>): void {
  for (const { param, parameter, used } of USES) {
    if (!supported.has(parameter) && used(request))
      throw unsupported(param, 'the engine of this model does not support it.');
  }
  request.messages.forEach((message, at) => {
    if (message.role === 'tool' || (message.role === 'assistant' && (message.tool_calls?.length ?? 0) > 0)) {
      if (!supported.has('tools'))
        throw unsupported(`messages[${at}]`, 'the engine of this model does not support tools.');
    }
    if (typeof message.content === 'string') return;
    (message.content ?? []).forEach((part, partAt) => {
      const parameter = PARTS[part.type];
      if (parameter !== undefined && !supported.has(parameter)) {
        throw unsupported(
          `messages[${at}].content[${partAt}]`,
          `the engine of this model does not support ${part.type} parts.`,
        );
      }
    });
  });
}

function unsupported(param: string, reason: string): AppError {
  return new AppError('request.unsupported_parameter', { param, reason }, { param });
}
