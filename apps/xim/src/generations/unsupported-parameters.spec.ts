import type { AppError } from '@xerotier/errors';
import type { EngineParameter } from '../engines/engine.ts';
import { aChatRequest } from '../engines/testing/jobs.ts';
import { rejectUnsupported } from './unsupported-parameters.ts';

const TOOL = { type: 'function', function: { name: 'f' } };
const CALL = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } };

function user(part: object): Record<string, unknown> {
  return { messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }, part] }] };
}

/** Parameter, `param` of the error, fields that use it, and fields that do not. */
const USES: readonly [EngineParameter, string, Record<string, unknown>, Record<string, unknown>[]][] = [
  ['tools', 'tools', { tools: [TOOL] }, [{ tools: [] }, { tools: [TOOL], tool_choice: 'none' }]],
  ['tools', 'messages[0]', { messages: [{ role: 'tool', tool_call_id: 'x', content: 'y' }] }, []],
  [
    'tools',
    'messages[0]',
    { messages: [{ role: 'assistant', tool_calls: [CALL] }] },
    [{ messages: [{ role: 'assistant', content: 'x', tool_calls: [] }] }],
  ],
  ['logprobs', 'logprobs', { logprobs: true }, [{ logprobs: false }]],
  [
    'reasoning_effort',
    'reasoning_effort',
    { reasoning_effort: 'low' },
    [{ reasoning_effort: 'none' }, { reasoning_effort: null }],
  ],
  ['prediction', 'prediction', { prediction: { type: 'content', content: 'x' } }, [{ prediction: null }]],
  ['logit_bias', 'logit_bias', { logit_bias: { 1: 1 } }, [{ logit_bias: {} }]],
  ['frequency_penalty', 'frequency_penalty', { frequency_penalty: -0.1 }, [{ frequency_penalty: 0 }]],
  ['presence_penalty', 'presence_penalty', { presence_penalty: 0.1 }, [{ presence_penalty: 0 }]],
  [
    'response_format',
    'response_format',
    { response_format: { type: 'json_object' } },
    [{ response_format: { type: 'text' } }],
  ],
  ['seed', 'seed', { seed: 0 }, [{ seed: null }]],
  ['image_parts', 'messages[0].content[1]', user({ type: 'image_url', image_url: { url: 'x' } }), []],
  [
    'audio_parts',
    'messages[0].content[1]',
    user({ type: 'input_audio', input_audio: { data: 'x', format: 'wav' } }),
    [],
  ],
  ['file_parts', 'messages[0].content[1]', user({ type: 'file', file: { file_id: 'x' } }), []],
];
const ALL = new Set(USES.map(([parameter]) => parameter));

function rejection(fields: Record<string, unknown>, supported: ReadonlySet<EngineParameter>): AppError | undefined {
  try {
    rejectUnsupported(aChatRequest(fields), supported);
    return undefined;
  } catch (error) {
    return error as AppError;
  }
}

describe('rejectUnsupported', () => {
  it.each(USES)('%s: rejects %s by name when the engine does not support it', (parameter, param, using) => {
    const others = new Set([...ALL].filter((other) => other !== parameter));
    expect(rejection(using, others)).toMatchObject({ code: 'request.unsupported_parameter', status: 400, param });
    expect(rejection(using, others)?.message).toContain(`'${param}'`);
  });

  it.each(USES)('%s: accepts %s when the engine supports it', (parameter, _, using) => {
    expect(rejection(using, new Set([parameter]))).toBeUndefined();
  });

  it.each(USES)('%s: accepts %s when its value is the default', (_parameter, _param, _using, idle) => {
    for (const fields of idle) expect([fields, rejection(fields, new Set())]).toEqual([fields, undefined]);
  });

  it('accepts a request without such parameters', () => {
    const plain = { temperature: 0.5, top_p: 0.9, stop: ['x'], max_tokens: 5, n: 3, user: 'u', metadata: { a: 'b' } };
    expect(rejection(plain, new Set())).toBeUndefined();
  });
});
