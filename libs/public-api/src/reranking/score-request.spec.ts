import { scoreRequest } from './score-request.ts';

function parse(fields: object): ReturnType<typeof scoreRequest.safeParse> {
  return scoreRequest.safeParse({ model: 'm', ...fields });
}

describe('scoreRequest', () => {
  it.each([
    ['one and one', { text_1: 'a', text_2: 'b' }, ['a'], ['b']],
    ['one and many', { queries: 'a', documents: ['b', 'c'] }, ['a'], ['b', 'c']],
    ['a list of one and many', { data_1: ['a'], data_2: ['b', 'c'] }, ['a'], ['b', 'c']],
    ['pairs', { text_1: ['a', 'b'], text_2: ['c', 'd'] }, ['a', 'b'], ['c', 'd']],
    ['other names that are null', { text_1: 'a', text_2: 'b', queries: null }, ['a'], ['b']],
  ])('accepts %s', (_, fields, queries, documents) => {
    expect(parse(fields).data).toMatchObject({ queries, documents, names: Object.keys(fields).slice(0, 2) });
  });

  it.each([
    [{}, 'text_1'],
    [{ text_1: 'a' }, 'text_2'],
    [{ documents: ['a'] }, 'queries'],
    [{ data_1: 'a', data_2: null }, 'data_2'],
    [{ text_1: 'a', text_2: 'b', documents: ['c'] }, 'documents'],
    [{ text_1: ['a', 'b'], text_2: ['a', 'b', 'c'] }, 'text_1'],
    [{ text_1: ['a', 'b'], text_2: 'a' }, 'text_1'],
    [{ text_1: 'a', text_2: [] }, 'text_2'],
    [{ text_1: 'a', text_2: '' }, 'text_2'],
    [{ text_1: 'a', text_2: 7 }, 'text_2'],
    [{ text_1: ['a', ''], text_2: ['a', 'b'] }, 'text_1'],
    [{ text_1: 'a', text_2: Array.from({ length: 2_049 }, () => 'b') }, 'text_2'],
    [{ model: '', text_1: 'a', text_2: 'b' }, 'model'],
  ])('rejects %j with the invalid field', (fields, path) => {
    expect(parse(fields).error?.issues[0]?.path[0]).toBe(path);
  });

  it('reports a missing side as missing', () => {
    expect(parse({ text_1: 'a' }).error?.issues[0]?.message).toMatch(/received undefined$/);
  });
});
