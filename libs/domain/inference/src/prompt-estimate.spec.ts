import { estimatePromptTokens } from './prompt-estimate.ts';

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
