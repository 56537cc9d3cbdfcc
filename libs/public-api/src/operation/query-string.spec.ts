import fc from 'fast-check';
import { decodeQuery, encodeQuery } from './query-string.ts';

/** Parses a query as Fastify does, for names that occur once. */
function parsed(query: string): Record<string, unknown> {
  return Object.fromEntries(new URLSearchParams(query));
}

describe('encodeQuery, decodeQuery', () => {
  it('omits undefined parameters', () => {
    expect(encodeQuery({})).toBe('');
    expect(encodeQuery({ after: undefined, limit: 3 })).toBe('?limit=3');
  });

  it('encodes an object with brackets, and decodes it', () => {
    const query = encodeQuery({ model: 'tiny', metadata: { topic: 'news', 'a b': '' } });
    expect(decodeURIComponent(query)).toBe('?model=tiny&metadata[topic]=news&metadata[a+b]=');
    expect(decodeQuery(parsed(query), ['metadata'])).toMatchObject({
      model: 'tiny',
      metadata: { topic: 'news', 'a b': '' },
    });
  });

  it('decodes what was encoded, for any object', () => {
    const word = fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed());
    const key = word.filter((text) => text !== '__proto__');
    fc.assert(
      fc.property(fc.dictionary(key, word, { minKeys: 1 }), (metadata) => {
        expect(decodeQuery(parsed(encodeQuery({ metadata })), ['metadata'])['metadata']).toEqual({ ...metadata });
      }),
    );
  });

  it('leaves other names with brackets unchanged', () => {
    expect(decodeQuery({ 'other[a]': '1', model: 'm' }, ['metadata'])).toEqual({ 'other[a]': '1', model: 'm' });
  });
});
