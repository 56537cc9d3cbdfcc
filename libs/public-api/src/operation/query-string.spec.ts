import fc from 'fast-check';
import { decodeQuery, encodeQuery } from './query-string.ts';

/** As Fastify reads a query, of names that come once. */
function read(query: string): Record<string, unknown> {
  return Object.fromEntries(new URLSearchParams(query));
}

describe('a query', () => {
  it('has nothing of what is left out', () => {
    expect(encodeQuery({})).toBe('');
    expect(encodeQuery({ after: undefined, limit: 3 })).toBe('?limit=3');
  });

  it('writes an object as names in brackets, and reads it again', () => {
    const query = encodeQuery({ model: 'tiny', metadata: { topic: 'news', 'a b': '' } });
    expect(decodeURIComponent(query)).toBe('?model=tiny&metadata[topic]=news&metadata[a+b]=');
    expect(decodeQuery(read(query), ['metadata'])).toMatchObject({
      model: 'tiny',
      metadata: { topic: 'news', 'a b': '' },
    });
  });

  it('comes back whatever is in an object', () => {
    const word = fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed());
    const key = word.filter((text) => text !== '__proto__');
    fc.assert(
      fc.property(fc.dictionary(key, word, { minKeys: 1 }), (metadata) => {
        expect(decodeQuery(read(encodeQuery({ metadata })), ['metadata'])['metadata']).toEqual({ ...metadata });
      }),
    );
  });

  it('leaves brackets alone that are of no object', () => {
    expect(decodeQuery({ 'other[a]': '1', model: 'm' }, ['metadata'])).toEqual({ 'other[a]': '1', model: 'm' });
  });
});
