import fc from 'fast-check';
import { validateLine } from './validate-line.ts';

const CHAT = '/v1/chat/completions';
const valid = {
  ...{ custom_id: 'a', method: 'POST', url: CHAT },
  body: { model: 'tiny', messages: [{ role: 'user', content: 'x'.repeat(400) }] },
};
const check = (value: unknown, endpoint: Parameters<typeof validateLine>[2] = CHAT): ReturnType<typeof validateLine> =>
  validateLine(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), 7, endpoint);

describe('validateLine', () => {
  it('accepts a line, and estimates its tokens', () => {
    expect(check(valid)).toEqual({
      ok: true,
      line: { customId: 'a', url: CHAT, model: 'tiny', body: valid.body },
      ...{ tokens: { prompt: 100, completion: undefined, choices: 1 }, inputs: 0 },
    });
    const bounded = { ...valid, body: { ...valid.body, max_tokens: 5, n: 3 } };
    expect(check(bounded)).toMatchObject({ tokens: { prompt: 100, completion: 15 } });
  });

  it('counts the inputs of embeddings', () => {
    const line = (input: unknown): object => ({
      ...{ custom_id: 'a', method: 'POST', url: '/v1/embeddings', body: { model: 'embed', input } },
    });
    const inputs: [unknown, number, number][] = [
      ['abcd', 1, 1],
      [['abcd', 'efgh'], 2, 2],
      [[1, 2, 3], 1, 3],
      [[[1, 2], [3]], 2, 3],
    ];
    for (const [input, count, tokens] of inputs)
      expect(check(line(input), '/v1/embeddings')).toMatchObject({
        inputs: count,
        tokens: { prompt: tokens, completion: 0 },
      });
  });

  it('counts the items of responses', () => {
    const line = (body: object): ReturnType<typeof check> =>
      check({ ...valid, url: '/v1/responses', body: { model: 'tiny', ...body } }, '/v1/responses');
    expect(line({ input: 'x'.repeat(400), max_output_tokens: 20 })).toMatchObject({
      tokens: { prompt: 100, completion: 20, choices: 1 },
    });
    const items = [
      { role: 'user', content: [{ type: 'input_text', text: 'x'.repeat(40) }] },
      { type: 'function_call_output', call_id: 'a', output: 'x'.repeat(40) },
      null,
    ];
    expect(line({ instructions: 'x'.repeat(20), input: items })).toMatchObject({
      tokens: { prompt: 25, completion: undefined },
    });
    expect(line({ previous_response_id: 'resp_1' })).toMatchObject({ ok: true });
    expect(line({ input: 'a', background: true })).toMatchObject({
      errors: [{ code: 'invalid_request', param: 'body.background' }],
    });
    expect(line({ input: 'a', stream: true })).toMatchObject({ errors: [{ code: 'streaming_unsupported' }] });
  });

  it.each([
    ['{', 'invalid_json_line', null],
    ['[]', 'invalid_json_line', null],
    ['null', 'invalid_json_line', null],
    [{ ...valid, custom_id: 5 }, 'invalid_request', 'custom_id'],
    [{ ...valid, custom_id: '' }, 'invalid_request', 'custom_id'],
    [{ ...valid, custom_id: 'x'.repeat(513) }, 'invalid_request', 'custom_id'],
    [{ ...valid, method: 'GET' }, 'invalid_method', 'method'],
    [{ ...valid, url: '/v1/embeddings' }, 'invalid_url', 'url'],
    [{ ...valid, body: [] }, 'invalid_request', 'body'],
    [{ ...valid, body: { messages: [] } }, 'invalid_request', 'body.model'],
    [{ ...valid, body: { model: 'tiny' } }, 'invalid_request', 'body.messages'],
    [{ ...valid, body: { ...valid.body, stream: true } }, 'streaming_unsupported', 'body.stream'],
  ])('rejects %j with %s', (value, code, param) => {
    expect(check(value)).toEqual({
      ok: false,
      errors: [{ code, param, line: 7, message: expect.stringMatching(/^['A-Z].*\.$/) }],
    });
  });

  it.each([5, [5, 'abcd', null], { text: 5 }, [{ text: 5 }, { text: 'abcd' }]])(
    'leaves the content %j of a message to the API',
    (content) => {
      expect(check({ ...valid, body: { model: 'tiny', messages: [{ content }, null] } })).toMatchObject({ ok: true });
    },
  );

  it('rejects what the API does not parse', () => {
    const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
    const withTools = (tools: unknown): ReturnType<typeof check> => check({ ...valid, body: { ...valid.body, tools } });
    expect(withTools(nested(63))).toMatchObject({ ok: true });
    expect(withTools(nested(64))).toMatchObject({ errors: [{ code: 'invalid_request', param: 'body' }] });
    expect(check(`${'['.repeat(1_000_000)}`)).toMatchObject({ errors: [{ code: 'invalid_request' }] });
    expect(withTools(Array.from({ length: 100_000 }, () => []))).toMatchObject({ errors: [{ param: 'body' }] });
  });

  it('rejects what is not UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('{"custom_id":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    expect(validateLine(bytes, 1, CHAT)).toMatchObject({ errors: [{ code: 'invalid_json_line' }] });
  });

  it('never throws, and gives each rejection its line', () => {
    const field = fc.oneof(fc.jsonValue(), fc.constant(valid.body), fc.constantFrom('POST', CHAT));
    const line = fc.record({ custom_id: field, method: field, url: field, body: field }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.oneof(fc.json(), line), (value) => {
        const result = check(value);
        if (!result.ok) for (const error of result.errors) expect(error.line).toBe(7);
        else expect(result.tokens.prompt).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
