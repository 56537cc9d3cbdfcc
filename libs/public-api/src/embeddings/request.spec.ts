import { embeddingRequest } from './request.ts';

const MINIMAL = { model: 'm', input: 'hi' };
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

/** The path and words of the first fault; undefined when there is none. */
function fault(fields: object): [path: string, message: string] | undefined {
  const issue = embeddingRequest.safeParse({ ...MINIMAL, ...fields }).error?.issues[0];
  return issue && [issue.path.join('.'), issue.message];
}

describe('an embedding request', () => {
  it.each([
    ['a text', 'hi', ['hi']],
    ['texts', ['a', 'b'], ['a', 'b']],
    ['tokens', [0, 7], [[0, 7]]],
    ['lists of tokens', [[0], [2 ** 31 - 1, 7]], [[0], [2 ** 31 - 1, 7]]],
  ])('is read as a list of inputs when it has %s', (_, input, inputs) => {
    expect(embeddingRequest.parse({ model: 'm', input })).toEqual({
      model: 'm',
      input: inputs,
      encoding_format: 'float',
      dimensions: undefined,
    });
  });

  it('takes as many inputs, and tokens of one, as the specification allows', () => {
    expect(fault({ input: times(2_048, 'a') })).toBeUndefined();
    expect(fault({ input: times(2_048, [1]) })).toBeUndefined();
    expect(fault({ input: times(2_048, 1) })).toBeUndefined();
    expect(fault({ input: [times(100_000, 1)] })).toBeUndefined();
  });

  it.each([
    ['', 'input', 'must not be empty'],
    [[], 'input', 'must not be empty'],
    [['a', ''], 'input.1', 'must not be empty'],
    [[[1], []], 'input.1', 'must not be empty'],
    [times(2_049, 'a'), 'input', '2048'],
    [times(2_049, 1), 'input', '2048'],
    [[1, -1], 'input.1', 'token id'],
    [[1, 1.5], 'input.1', 'token id'],
    [[1, 2 ** 31], 'input.1', 'token id'],
    [[1, 'a'], 'input.1', 'token id'],
    [[[1, -1]], 'input.0.1', 'token id'],
    [[[1, 'a']], 'input.0.1', 'token id'],
    [['a', 1], 'input.1', 'must be a text'],
    [['a', ['b']], 'input.1', 'must be a text'],
    [[[1], 'a'], 'input.1', 'list of token ids'],
    [[null], 'input.0', 'must be a text'],
    [7, 'input', 'must be a text'],
    [null, 'input', 'must be a text'],
    [{ text: 'a' }, 'input', 'must be a text'],
  ])('is refused for the input %j', (input, path, words) => {
    expect(fault({ input })).toEqual([path, expect.stringContaining(words)]);
  });

  it('is refused without an input, as other fields are that are missing', () => {
    expect(fault({ input: undefined })).toEqual(['input', expect.stringMatching(/received undefined$/)]);
  });

  it.each([
    ['model', ['x'], ['', 'x'.repeat(257), null, 7]],
    ['encoding_format', ['float', 'base64', null], ['hex', '', 7]],
    ['dimensions', [1, 4_096, null], [0, -1, 1.5, '64']],
    ['user', ['u', null], ['x'.repeat(513), 7]],
  ])('holds %s to its bounds', (param, good, bad) => {
    for (const value of good) expect([value, fault({ [param]: value })]).toEqual([value, undefined]);
    for (const value of bad) expect([value, fault({ [param]: value })?.[0]]).toEqual([value, param]);
  });
});
