import { STORED_BYTES_MAX } from '@xerotier/contracts/responses';
import type { AppError } from '@xerotier/errors';
import { parseChatRequest, seedDigitsIn } from './chat-request.ts';

const MINIMAL = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };

function rejection(body: unknown): AppError {
  try {
    parseChatRequest(body);
  } catch (error) {
    return error as AppError;
  }
  throw new Error('expected a rejection');
}

describe('seedDigitsIn', () => {
  it.each([
    [9_223_372_036_854_775_807n, '9223372036854775807'],
    [-9_007_199_254_740_993n, '-9007199254740993'],
    // The rounded bounds of the OpenAI specification.
    [9_223_372_036_854_776_000n, '9223372036854775807'],
    [-9_223_372_036_854_776_000n, '-9223372036854775808'],
  ])('returns for %p the digits %s', (seed, digits) => {
    expect(seedDigitsIn({ ...MINIMAL, seed })).toBe(digits);
    expect(parseChatRequest({ ...MINIMAL, seed }).seed).toBe(Number(seed));
  });

  it.each([7, null, undefined, '9223372036854775807'])('returns undefined for %p', (seed) => {
    expect(seedDigitsIn({ ...MINIMAL, seed })).toBeUndefined();
  });

  it('does not allow seeds beyond 64 bits, nor other large integers', () => {
    expect(rejection({ ...MINIMAL, seed: 2n ** 64n })).toMatchObject({ code: 'request.invalid', param: 'seed' });
    expect(rejection({ ...MINIMAL, max_tokens: 2n ** 60n })).toMatchObject({
      code: 'request.invalid',
      param: 'max_tokens',
    });
  });
});

describe('parseChatRequest', () => {
  it('drops null and unknown fields', () => {
    expect(parseChatRequest({ ...MINIMAL, temperature: null, unheard_of: 1 })).toEqual(MINIMAL);
  });

  it.each([null, 'text', 7, [], [MINIMAL]])('rejects the body %p', (body) => {
    expect(rejection(body)).toMatchObject({
      code: 'request.invalid',
      message: 'The request body must be a JSON object.',
    });
  });

  it('rejects a missing body', () => {
    expect(rejection(undefined)).toMatchObject({ code: 'request.unreadable_json' });
  });

  it.each([
    [{ messages: MINIMAL.messages }, 'model', "Missing required parameter: 'model'."],
    [{ model: 'm' }, 'messages', "Missing required parameter: 'messages'."],
    [{ ...MINIMAL, temperature: 3 }, 'temperature', /^Invalid value for 'temperature': .*2/],
    [{ ...MINIMAL, stream: 'yes' }, 'stream', /^Invalid type for 'stream': expected a boolean/],
    [{ ...MINIMAL, stop: ['a', ''] }, 'stop[1]', /^Invalid value for 'stop\[1\]'/],
    [
      { ...MINIMAL, messages: [{ role: 'user' }] },
      'messages[0].content',
      /^Missing required parameter: 'messages\[0\]\.content'/,
    ],
    [{ ...MINIMAL, messages: [MINIMAL.messages[0], { role: 'robot' }] }, 'messages[1].role', /'messages\[1\]\.role'/],
    [
      { ...MINIMAL, tools: [{ type: 'function', function: { name: 'a b' } }] },
      'tools[0].function.name',
      /must be 1 to 64 letters/,
    ],
    [{ ...MINIMAL, stream_options: {} }, 'stream_options', /is only allowed when stream is true/],
  ])('rejects %j, with the path of the parameter', (body, param, message) => {
    const error = rejection(body);
    expect(error).toMatchObject({ code: 'request.invalid', status: 400, param });
    expect(error.message).toMatch(message);
  });

  it.each([
    ['web_search_options', {}, null],
    ['functions', [], null],
    ['function_call', 'auto', null],
    ['audio', {}, null],
    ['modalities', ['text', 'audio'], ['text']],
    ['verbosity', 'low', null],
    ['verbosity', 'high', 'medium'],
    ['moderation', { mode: 'block' }, null],
  ])('rejects the unsupported parameter %s, unless it has its default', (param, value, defaultValue) => {
    expect(rejection({ ...MINIMAL, [param]: value })).toMatchObject({
      code: 'request.unsupported_parameter',
      status: 400,
      param,
    });
    expect(parseChatRequest({ ...MINIMAL, [param]: defaultValue })).toEqual(MINIMAL);
  });

  it('accepts and drops parameters without effect', () => {
    const hints = { safety_identifier: 'u', prompt_cache_retention: '24h' };
    expect(parseChatRequest({ ...MINIMAL, ...hints })).toEqual(MINIMAL);
  });

  it('accepts store: false', () => {
    expect(parseChatRequest({ ...MINIMAL, store: false })).toMatchObject({ store: false });
  });

  it('accepts store: true, unless the messages are too large to be stored', () => {
    const large = { ...MINIMAL, messages: [{ role: 'user', content: 'x'.repeat(STORED_BYTES_MAX) }] };
    expect(parseChatRequest({ ...MINIMAL, store: true })).toMatchObject({ store: true });
    expect(parseChatRequest(large)).not.toHaveProperty('store');
    expect(rejection({ ...large, store: true })).toMatchObject({ code: 'completion.too_large', param: 'store' });
  });

  it('truncates long names in errors', () => {
    const error = rejection({ ...MINIMAL, metadata: { ['x'.repeat(1_000_000)]: 'y' } });
    expect(error.param).toMatch(/^metadata\.x+/);
    expect(error.message.length).toBeLessThan(1_000);
    expect(error.param?.length).toBeLessThan(300);
  });

  it('does not repeat input values in errors', () => {
    const error = rejection({ ...MINIMAL, temperature: 'the secret of the client' });
    expect(JSON.stringify(error.toWire())).not.toContain('secret of the client');
  });
});
