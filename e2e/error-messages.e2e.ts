/** Error messages of invalid requests: they have the path of the invalid value and what is expected there. */
import type { ErrorBody } from './support/api-client.ts';
import { bothEngines, testPlatform } from './support/test-platform.ts';

const test = testPlatform(bothEngines);

async function errorOf(fields: object, endpointSlug = 'chat'): Promise<ErrorBody['error']> {
  const body = { model: 'any', messages: [{ role: 'user', content: 'Hello' }], ...fields };
  return (await test.api.with({ endpointSlug }).rejected(body)).body.error;
}

describe('field with several accepted types', () => {
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
  ])('%j: the error has the param %s and the expected values', async (fields, param) => {
    const error = await errorOf(fields);
    expect(error).toMatchObject({ type: 'invalid_request_error', param });
    expect(error.message).toContain(param);
    expect(error.message).toMatch(/expected|must be|one of/i);
    expect(error.message).not.toContain('Invalid input');
  });
});

describe('prompt that is too long', () => {
  it('is reported with a lower bound of its tokens', async () => {
    const error = await errorOf({ messages: [{ role: 'user', content: 'hello '.repeat(200_000) }] }, 'tiny');
    expect(error).toMatchObject({ code: 'context_length_exceeded' });
    expect(error.message).toMatch(/at least \d+ tokens/);
  });
});
