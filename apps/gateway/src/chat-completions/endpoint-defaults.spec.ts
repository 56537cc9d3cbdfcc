import type { EndpointAccess, EndpointDefaults } from '@xerotier/contracts/auth';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { withEndpointDefaults } from './endpoint-defaults.ts';

const chat: ChatCompletionRequest = { model: 'tiny', messages: [{ role: 'user', content: 'Hello' }] };

function withDefaults(request: ChatCompletionRequest, defaults?: EndpointDefaults): ChatCompletionRequest {
  return withEndpointDefaults(request, { defaults } as EndpointAccess);
}

describe('withEndpointDefaults', () => {
  it('returns the same request without defaults', () => {
    expect(withDefaults(chat)).toBe(chat);
    expect(withDefaults(chat, {})).toEqual(chat);
  });

  it('sets what the request does not set', () => {
    expect(withDefaults(chat, { temperature: 0, topP: 0.5, maxCompletionTokens: 7 })).toEqual({
      ...chat,
      temperature: 0,
      top_p: 0.5,
      max_completion_tokens: 7,
    });
  });

  it.each<Partial<ChatCompletionRequest>>([
    { temperature: 0, top_p: 1, max_completion_tokens: 100 },
    { temperature: 2, top_p: 0, max_tokens: 100 },
  ])('keeps what the request sets: %j', (own) => {
    const request = { ...chat, ...own };
    expect(withDefaults(request, { temperature: 1, topP: 0.5, maxCompletionTokens: 7 })).toEqual(request);
  });

  it('adds the system prompt before all messages, and does not change the request', () => {
    const request: ChatCompletionRequest = {
      ...chat,
      messages: [{ role: 'system', content: 'Own' }, ...chat.messages],
    };
    expect(withDefaults(request, { systemPrompt: 'Be brief.' }).messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'system', content: 'Own' },
      { role: 'user', content: 'Hello' },
    ]);
    expect(request.messages).toHaveLength(2);
  });
});
