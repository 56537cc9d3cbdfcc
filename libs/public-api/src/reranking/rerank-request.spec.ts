import { rerankRequest } from './rerank-request.ts';

const MINIMAL = { model: 'm', query: 'q', documents: ['a'] };
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

function issuePath(fields: object): string | undefined {
  return rerankRequest.safeParse({ ...MINIMAL, ...fields }).error?.issues[0]?.path.join('.');
}

describe('rerankRequest', () => {
  it('converts documents to strings, and returns them by default', () => {
    const request = rerankRequest.parse({ ...MINIMAL, documents: ['a', { text: 'b', title: 'dropped' }], unknown: 1 });
    expect(request).toEqual({ ...MINIMAL, documents: ['a', 'b'], return_documents: true });
    expect(rerankRequest.parse({ ...MINIMAL, return_documents: false }).return_documents).toBe(false);
    expect(rerankRequest.parse({ ...MINIMAL, return_documents: null }).return_documents).toBe(true);
  });

  it.each([
    ['model', ['x'], ['', null], 'model'],
    ['query', ['x'], ['', null, 7, ['x']], 'query'],
    ['documents', [['a'], times(2_048, 'a')], [[], times(2_049, 'a'), null, 'a', 123], 'documents'],
    ['documents', [[{ text: 'a' }]], [[''], [1, 2], [null], [{}], [{ text: '' }], [{ text: 7 }]], 'documents.0'],
    ['top_n', [1, 99, null], [0, -1, 1.5, '1'], 'top_n'],
    ['max_tokens_per_doc', [1, 4_096, null], [0, -1, 1.5, '1'], 'max_tokens_per_doc'],
    ['return_documents', [true, false, null], ['yes', 1], 'return_documents'],
  ])('enforces the bounds of %s', (param, valid, invalid, path) => {
    for (const value of valid) expect([value, issuePath({ [param]: value })]).toEqual([value, undefined]);
    for (const value of invalid)
      expect([value, issuePath({ [param]: value })?.slice(0, path.length)]).toEqual([value, path]);
  });
});
