import { estimatePromptTokens, maxPromptTokens, maxTokens } from './prompt-estimate.ts';

describe('estimatePromptTokens', () => {
  it('counts four characters of text per token in all messages, rounded up', () => {
    expect(
      estimatePromptTokens([
        { role: 'system', content: 'abcd' },
        { role: 'user', content: [{ type: 'text', text: 'abcde' }] },
      ]),
    ).toBe(3);
  });

  it('returns 0 without text', () => {
    expect(
      estimatePromptTokens([
        { role: 'assistant', content: null, tool_calls: [] },
        { role: 'assistant' } as never,
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] },
        { role: 'user', content: '' },
      ]),
    ).toBe(0);
  });
});

describe('maxTokens', () => {
  it('is the number of bytes, and of token ids', () => {
    expect(maxTokens(['é', [1, 2, 3]])).toBe(5);
  });
});

describe('maxPromptTokens', () => {
  const of = (more: object): number =>
    maxPromptTokens({ model: 'm', messages: [{ role: 'user', content: 'hi' }], ...more });

  it('includes all that becomes part of a prompt', () => {
    const long = 'x'.repeat(10_000);
    const call = { id: 'call_1', type: 'function', function: { name: 'f', arguments: long } };
    const tool = { type: 'function', function: { name: 'f', description: long } };
    const schema = { type: 'json_schema', json_schema: { name: 's', schema: { description: long } } };
    expect(of({})).toBeLessThan(200);
    expect(of({ messages: [{ role: 'assistant', tool_calls: [call] }] })).toBeGreaterThan(10_000);
    expect(of({ tools: [tool] })).toBeGreaterThan(10_000);
    expect(of({ response_format: schema })).toBeGreaterThan(10_000);
  });

  it('counts an image by more than its bytes', () => {
    const image = { type: 'image_url', image_url: { url: 'https://example.com/1.png' } };
    expect(of({ messages: [{ role: 'user', content: [image] }] })).toBeGreaterThan(16_000);
  });
});
