import { readValue } from '../validation/index.ts';
import { createConversationRequest, createItemsRequest, itemsQuery, updateConversationRequest } from './request.ts';

const hello = { role: 'user', content: 'Hello' };
const messages = (count: number): object[] => Array.from({ length: count }, () => hello);
const pairs = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 'v']));

describe('createConversationRequest', () => {
  it.each([
    {},
    { metadata: null, items: null },
    { items: [] },
    { items: messages(20), metadata: pairs(16) },
    { metadata: { ['k'.repeat(64)]: 'v'.repeat(512) } },
  ])('accepts %#', (body) => {
    expect(readValue(createConversationRequest, body).ok).toBe(true);
  });

  it.each([
    [{ items: messages(21) }, 'items', "Invalid value for 'items': expected at most 20 items, but got 21."],
    [{ items: [hello, { type: 'poem' }] }, 'items[1].type', "but got 'poem'"],
    [
      { items: [hello, hello, hello, { role: 'user', content: [{ type: 'input_text' }] }] },
      'items[3].content[0].text',
      '',
    ],
    [{ items: hello }, 'items', 'expected an array'],
    [{ metadata: pairs(17) }, 'metadata', 'must have at most 16 pairs'],
    [{ metadata: { ['k'.repeat(65)]: 'v' } }, `metadata.${'k'.repeat(64)}`, 'at most 64 characters'],
    [{ metadata: { k: 'v'.repeat(513) } }, 'metadata.k', 'at most 512 characters'],
    [{ metadata: { k: 1 } }, 'metadata.k', 'expected a string, but got an integer'],
  ])('rejects %#', (body, param, reason) => {
    expect(readValue(createConversationRequest, body)).toEqual({
      ok: false,
      error: { param, reason: expect.stringContaining(reason) },
    });
  });
});

describe('updateConversationRequest', () => {
  it.each([
    { metadata: null },
    { metadata: {} },
    { metadata: pairs(16) },
    { metadata: { ['k'.repeat(64)]: 'v'.repeat(512) } },
  ])('accepts %#', (body) => {
    expect(readValue(updateConversationRequest, body).ok).toBe(true);
  });

  it.each([
    [{}, 'metadata'],
    [{ metadata: pairs(17) }, 'metadata'],
    [{ metadata: { ['k'.repeat(65)]: 'v' } }, `metadata.${'k'.repeat(64)}`],
    [{ metadata: { k: 'v'.repeat(513) } }, 'metadata.k'],
  ])('rejects %#', (body, param) => {
    expect(readValue(updateConversationRequest, body)).toMatchObject({ ok: false, error: { param } });
  });
});

describe('createItemsRequest', () => {
  it.each([
    [{ items: messages(1) }, true],
    [{ items: messages(20) }, true],
    [{ items: messages(21) }, false],
    [{ items: [] }, false],
    [{}, false],
  ])('%#: %j', (body, isValid) => {
    expect(readValue(createItemsRequest, body).ok).toBe(isValid);
  });
});

describe('itemsQuery', () => {
  const sources = 'web_search_call.action.sources';
  const logprobs = 'message.output_text.logprobs';

  it.each([
    [undefined, []],
    [sources, [sources]],
    [
      [sources, logprobs],
      [sources, logprobs],
    ],
    // As `include[]=a` and `include[0]=a` are decoded.
    [{ '': sources }, [sources]],
    [{ '': [sources, logprobs] }, [sources, logprobs]],
    [{ 0: sources, 1: logprobs }, [sources, logprobs]],
  ])('reads include %j', (include, expected) => {
    expect(readValue(itemsQuery, { include })).toMatchObject({
      ok: true,
      value: { include: expected, limit: 20, order: 'desc' },
    });
  });

  it('rejects a value that is unknown', () => {
    expect(readValue(itemsQuery, { include: [sources, 'everything'] })).toMatchObject({
      ok: false,
      error: { param: 'include[1]' },
    });
  });
});
