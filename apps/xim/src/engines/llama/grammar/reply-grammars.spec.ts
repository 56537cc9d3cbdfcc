import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { AppError } from '@xerotier/errors';
import { GrammarSampler } from '../../testing/grammar-sampler.ts';
import { aChatRequest } from '../../testing/jobs.ts';
import { dialectOf } from '../dialect.ts';
import { replyGrammars } from './reply-grammars.ts';

const dialect = dialectOf('{{ tools }} <tool_call>');

type Tool = NonNullable<ChatCompletionRequest['tools']>[number];

function tool(name: string, fields: object = {}): Tool {
  return { type: 'function', function: { name, ...fields } };
}

/** Returns sampled arguments of the grammar, verbatim. */
function argumentsOf(functionTool: Tool): string[] {
  const { call = '' } = replyGrammars(aChatRequest({ tools: [functionTool] }), dialect);
  const sampler = new GrammarSampler(call);
  let state = 1;
  const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  return Array.from({ length: 30 }, () => {
    const written = /^\n?\{"name": "look", "arguments": ([^]*)\}\n<\/tool_call>$/.exec(sampler.sample(random));
    return written?.[1] as string;
  });
}

function rejection(fields: Record<string, unknown>): AppError {
  try {
    replyGrammars(aChatRequest(fields), dialect);
  } catch (error) {
    if (AppError.is(error)) return error;
    throw error;
  }
  throw new Error('it was not rejected');
}

describe('the grammar of a tool call', () => {
  it.each<[string, object]>([
    ['has no parameters', {}],
    ['has an empty schema', { parameters: {} }],
    ['has an object schema', { parameters: { type: 'object' } }],
    ['allows an object or null', { parameters: { type: ['object', 'null'] } }],
    ['has an object schema without properties', { parameters: { type: 'object', properties: {} } }],
    ['has empty properties and no type', { parameters: { properties: {} } }],
    ['has null instead of properties', { parameters: { type: 'object', properties: null, required: null } }],
    ['allows no other properties', { parameters: { type: 'object', properties: {}, additionalProperties: false } }],
    ['only has a title', { parameters: { type: 'object', title: 'Look', $schema: 'https://json-schema.org/x' } }],
    ['refers to an object without properties', { parameters: { $ref: '#/$defs/a', $defs: { a: { type: 'object' } } } }],
    ['combines such schemas', { parameters: { allOf: [{ type: 'object' }, { properties: {} }] } }],
  ])('has no arguments when the function %s, strict or not', (_, fields) => {
    for (const strict of [true, false, null])
      expect([...new Set(argumentsOf(tool('look', { ...fields, strict })))]).toEqual(['{}']);
  });

  it('has the arguments of the properties, and additional ones if they are allowed', () => {
    const a = { a: { type: 'integer' } };
    for (const parameters of [
      { type: 'object', properties: a, required: ['a'] },
      { properties: a, required: ['a'] },
      { type: ['object', 'null'], properties: a, required: ['a'] },
      { $ref: '#/$defs/a', $defs: { a: { properties: a, required: ['a'] } } },
    ])
      for (const text of argumentsOf(tool('look', { parameters })))
        expect(JSON.parse(text)).toEqual({ a: expect.any(Number) });
    for (const parameters of [{ additionalProperties: true }, { additionalProperties: { type: 'integer' } }])
      expect(argumentsOf(tool('look', { parameters })).some((text) => text.includes(':'))).toBe(true);
  });

  it('is rejected with the index of the tool when its parameters are not an object', () => {
    const tools = [tool('first'), tool('second', { parameters: { type: 'string' } })];
    expect(rejection({ tools })).toMatchObject({ code: 'request.invalid', param: 'tools[1].function.parameters' });
    const choice = { type: 'function', function: { name: 'second' } };
    expect(rejection({ tools, tool_choice: choice }).param).toBe('tools[1].function.parameters');
    expect(() => replyGrammars(aChatRequest({ tools, tool_choice: 'none' }), dialect)).not.toThrow();
  });
});
