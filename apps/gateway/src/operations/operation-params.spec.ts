import { AppError } from '@xerotier/errors';
import { completionsQuery, messagesQuery } from '@xerotier/public-api/stored-completions';
import { readQuery } from './operation-params.ts';

const parseListQuery = (query: unknown): unknown => readQuery(completionsQuery, query);
const parsePageQuery = (query: unknown): unknown => readQuery(messagesQuery, query);

function rejection(parse: (query: unknown) => unknown, query: unknown): AppError {
  try {
    parse(query);
  } catch (error) {
    if (AppError.is(error)) return error;
    throw error;
  }
  throw new Error(`expected a rejection of ${JSON.stringify(query)}`);
}

describe('readQuery', () => {
  it('returns the defaults for an empty query', () => {
    expect(parseListQuery({})).toEqual({ limit: 20, order: 'asc' });
    expect(parsePageQuery({})).toEqual({ limit: 20, order: 'asc' });
  });

  it('parses all parameters', () => {
    const query = { after: 'a', limit: '100', order: 'desc', model: 'org/m', 'metadata[k]': 'v', 'metadata[a[b]]': '' };
    expect(parseListQuery(query)).toEqual({
      after: 'a',
      limit: 100,
      order: 'desc',
      model: 'org/m',
      metadata: { k: 'v', 'a[b]': '' },
    });
  });

  it('ignores unknown parameters', () => {
    expect(parseListQuery({ before: 'x', toString: 'y' })).toEqual({ limit: 20, order: 'asc' });
  });

  it.each(['0', '101', '-1', '1.5', '', 'x', '1e1', ' 1', ['1', '2']])('rejects the limit %j', (limit) => {
    for (const parse of [parseListQuery, parsePageQuery]) {
      expect(rejection(parse, { limit })).toMatchObject({ code: 'request.invalid', param: 'limit' });
    }
  });

  it.each([
    ['order', { order: 'up' }],
    ['after', { after: '' }],
    ['after', { after: ['a', 'b'] }],
    ['model', { model: 'x'.repeat(257) }],
    ['metadata', { metadata: '{"k":"v"}' }],
    ['metadata.k', { 'metadata[k]': ['v', 'w'] }],
    ['metadata.k', { 'metadata[k]': 'v'.repeat(513) }],
    ['metadata.k', { 'metadata[k]': 'a\0b' }],
    ['metadata', Object.fromEntries([...Array(17).keys()].map((i) => [`metadata[${i}]`, 'v']))],
  ])('rejects an invalid %s and names it: %j', (param, query) => {
    expect(rejection(parseListQuery, query)).toMatchObject({ code: 'request.invalid', param });
  });
});
