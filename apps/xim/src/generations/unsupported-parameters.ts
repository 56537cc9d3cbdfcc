/** Finds what a request asks for and an engine cannot do, so that nothing is ignored in silence. */
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { AppError } from '@xerotier/errors';
import type { EngineParameter } from '../engines/engine.ts';

interface Use {
  readonly param: string;
  readonly parameter: EngineParameter;
  /** Whether the request really asks for it: a value that means "the default" asks for nothing. */
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

/** @throws {AppError} `request.unsupported_parameter` naming the first parameter that is not among the supported ones. */
export function rejectUnsupported(request: ChatCompletionRequest, supported: ReadonlySet<EngineParameter>): void {
  for (const { param, parameter, used } of USES) {
    if (!supported.has(parameter) && used(request))
      throw unsupported(param, 'the engine of this model cannot honour it.');
  }
  request.messages.forEach((message, at) => {
    if (message.role === 'tool' || (message.role === 'assistant' && (message.tool_calls?.length ?? 0) > 0)) {
      if (!supported.has('tools')) throw unsupported(`messages[${at}]`, 'the engine of this model knows no tools.');
    }
    if (typeof message.content === 'string') return;
    (message.content ?? []).forEach((part, partAt) => {
      const parameter = PARTS[part.type];
      if (parameter !== undefined && !supported.has(parameter)) {
        throw unsupported(
          `messages[${at}].content[${partAt}]`,
          `the engine of this model reads no ${part.type} parts.`,
        );
      }
    });
  });
}

function unsupported(param: string, reason: string): AppError {
  return new AppError('request.unsupported_parameter', { param, reason }, { param });
}
