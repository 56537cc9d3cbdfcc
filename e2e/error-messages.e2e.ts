/** What a person reads whose request is wrong: where it is wrong, what would be right, and no count that nobody made. */
import type { ErrorBody } from './support/api-client.ts';
import { bothEngines, testPlatform } from './support/test-platform.ts';

const test = testPlatform(bothEngines);

async function errorOf(fields: object, endpointSlug = 'chat'): Promise<ErrorBody['error']> {
  const body = { model: 'any', messages: [{ role: 'user', content: 'Hello' }], ...fields };
  return (await test.api.with({ endpointSlug }).rejected(body)).body.error;
}

describe('a field that can be one of several things', () => {
  it.each([
    [
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'a' }, { type: 'txt' }] }] },
      'messages[0].content[1].type',
    ],
    [{ messages: [{ role: 'robot', content: 'a' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user', content: 5 }] }, 'messages[0].content'],
    [{ tools: [{ type: 'fn', function: { name: 'f' } }] }, 'tools[0].type'],
    [{ response_format: { type: 'yaml' } }, 'response_format.type'],
    [{ stop: [5] }, 'stop[0]'],
    [{ tool_choice: 5, tools: [{ type: 'function', function: { name: 'f' } }] }, 'tool_choice'],
  ])('%j: the error names %s, and says what was expected', async (fields, param) => {
    const error = await errorOf(fields);
    expect(error).toMatchObject({ type: 'invalid_request_error', param });
    expect(error.message).toContain(param);
    expect(error.message).toMatch(/expected|must be|one of/i);
    expect(error.message).not.toContain('Invalid input');
  });
});

describe('a prompt that is too long', () => {
  it('is said to have at least as many tokens as were counted', async () => {
    const error = await errorOf({ messages: [{ role: 'user', content: 'hello '.repeat(200_000) }] }, 'tiny');
    expect(error).toMatchObject({ code: 'context_length_exceeded' });
    expect(error.message).toMatch(/at least \d+ tokens/);
  });
});
