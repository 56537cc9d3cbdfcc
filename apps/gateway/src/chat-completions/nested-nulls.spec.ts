import { withoutNestedNulls } from './nested-nulls.ts';

describe('withoutNestedNulls', () => {
  it('removes nulls from messages, content parts, tools and response_format', () => {
    const fields = {
      messages: [
        {
          role: 'user',
          name: null,
          content: [{ type: 'image_url', image_url: { url: 'x', detail: null }, extra: null }],
        },
        { role: 'assistant', content: null, tool_calls: null },
      ],
      tools: [{ type: 'function', function: { name: 'look', description: null, parameters: null } }],
      response_format: { type: 'json_schema', json_schema: { name: 'a', description: null, schema: null } },
    };
    expect(withoutNestedNulls(fields)).toEqual({
      messages: [
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] },
        { role: 'assistant', content: null },
      ],
      tools: [{ type: 'function', function: { name: 'look' } }],
      response_format: { type: 'json_schema', json_schema: { name: 'a' } },
    });
  });

  it('returns undefined if there is nothing to remove', () => {
    const schema = { const: null, default: null };
    for (const fields of [
      {},
      { messages: 'text', tools: 7, response_format: [null], temperature: null },
      { messages: [null, 'x', { role: 'user', content: null }] },
      { messages: [{ role: 'user', content: [null, { type: null }, { type: 'text', text: 'a' }] }] },
      { tools: [{ function: { name: 'a', parameters: schema } }, null] },
      { response_format: { json_schema: { schema } } },
    ])
      expect(withoutNestedNulls(fields)).toBeUndefined();
  });
});
