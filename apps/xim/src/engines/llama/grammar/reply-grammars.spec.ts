import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { AppError } from '@xerotier/errors';
import { GrammarTexts } from '../../testing/grammar-texts.ts';
import { aChatRequest } from '../../testing/jobs.ts';
import { dialectOf } from '../dialect.ts';
import { replyGrammars } from './reply-grammars.ts';

const dialect = dialectOf('{{ tools }} <tool_call>');

type Tool = NonNullable<ChatCompletionRequest['tools']>[number];

function tool(name: string, fields: object = {}): Tool {
  return { type: 'function', function: { name, ...fields } };
}

/** Arguments of calls that the grammar allows, as they are written. */
function argumentsOf(given: Tool): string[] {
  const { call = '' } = replyGrammars(aChatRequest({ tools: [given] }), dialect);
  const texts = new GrammarTexts(call);
  let state = 1;
  const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  return Array.from({ length: 30 }, () => {
    const written = /^\n?\{"name": "look", "arguments": ([^]*)\}\n<\/tool_call>$/.exec(texts.one(random));
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

describe('a call of a function', () => {
  it.each<[string, object]>([
    ['leaves parameters out', {}],
    ['has an empty schema', { parameters: {} }],
    ['takes an object', { parameters: { type: 'object' } }],
    ['takes an object or null', { parameters: { type: ['object', 'null'] } }],
    ['takes an object without properties', { parameters: { type: 'object', properties: {} } }],
    ['takes properties and no type', { parameters: { properties: {} } }],
    ['has null instead of properties', { parameters: { type: 'object', properties: null, required: null } }],
    ['allows no other properties', { parameters: { type: 'object', properties: {}, additionalProperties: false } }],
    ['only has a title', { parameters: { type: 'object', title: 'Look', $schema: 'https://json-schema.org/x' } }],
    ['refers to an object without properties', { parameters: { $ref: '#/$defs/a', $defs: { a: { type: 'object' } } } }],
    ['is made of such objects', { parameters: { allOf: [{ type: 'object' }, { properties: {} }] } }],
  ])('has no arguments when it %s, strict or not', (_, fields) => {
    for (const strict of [true, false, null])
      expect([...new Set(argumentsOf(tool('look', { ...fields, strict })))]).toEqual(['{}']);
  });

  it('has the arguments that its parameters name, and those that it allows by other names', () => {
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

  it('is rejected with the place of its function when its arguments are no object', () => {
    const tools = [tool('first'), tool('second', { parameters: { type: 'string' } })];
    expect(rejection({ tools })).toMatchObject({ code: 'request.invalid', param: 'tools[1].function.parameters' });
    const choice = { type: 'function', function: { name: 'second' } };
    expect(rejection({ tools, tool_choice: choice }).param).toBe('tools[1].function.parameters');
    expect(() => replyGrammars(aChatRequest({ tools, tool_choice: 'none' }), dialect)).not.toThrow();
  });
});
