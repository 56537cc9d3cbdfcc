import { embeddingRequest } from './request.ts';

const MINIMAL = { model: 'm', input: 'hi' };
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

/** The path and message of the first issue; undefined if the request is valid. */
function firstIssue(fields: object): [path: string, message: string] | undefined {
  const issue = embeddingRequest.safeParse({ ...MINIMAL, ...fields }).error?.issues[0];
  return issue && [issue.path.join('.'), issue.message];
}

describe('embeddingRequest', () => {
  it.each([
    ['a string', 'hi', ['hi']],
    ['strings', ['a', 'b'], ['a', 'b']],
    ['token ids', [0, 7], [[0, 7]]],
    ['arrays of token ids', [[0], [2 ** 31 - 1, 7]], [[0], [2 ** 31 - 1, 7]]],
  ])('parses an input of %s to an array of inputs', (_, input, inputs) => {
    expect(embeddingRequest.parse({ model: 'm', input })).toEqual({
      model: 'm',
      input: inputs,
      encoding_format: 'float',
      dimensions: undefined,
    });
  });

  it('accepts the number of inputs and tokens that the specification allows', () => {
    expect(firstIssue({ input: times(2_048, 'a') })).toBeUndefined();
    expect(firstIssue({ input: times(2_048, [1]) })).toBeUndefined();
    expect(firstIssue({ input: times(2_048, 1) })).toBeUndefined();
    expect(firstIssue({ input: [times(100_000, 1)] })).toBeUndefined();
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
    [['a', 1], 'input.1', 'must be a string'],
    [['a', ['b']], 'input.1', 'must be a string'],
    [[[1], 'a'], 'input.1', 'array of token ids'],
    [[null], 'input.0', 'must be a string'],
    [7, 'input', 'must be a string'],
    [null, 'input', 'must be a string'],
    [{ text: 'a' }, 'input', 'must be a string'],
  ])('rejects the input %j', (input, path, message) => {
    expect(firstIssue({ input })).toEqual([path, expect.stringContaining(message)]);
  });

  it('rejects a missing input like other missing fields', () => {
    expect(firstIssue({ input: undefined })).toEqual(['input', expect.stringMatching(/received undefined$/)]);
  });

  it.each([
    ['model', ['x'], ['', 'x'.repeat(257), null, 7]],
    ['encoding_format', ['float', 'base64', null], ['hex', '', 7]],
    ['dimensions', [1, 4_096, null], [0, -1, 1.5, '64']],
    ['user', ['u', null], ['x'.repeat(513), 7]],
  ])('enforces the bounds of %s', (param, valid, invalid) => {
    for (const value of valid) expect([value, firstIssue({ [param]: value })]).toEqual([value, undefined]);
    for (const value of invalid) expect([value, firstIssue({ [param]: value })?.[0]]).toEqual([value, param]);
  });
});
