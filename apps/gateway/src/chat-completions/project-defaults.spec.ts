import type { Access, ProjectSettings } from '@xerotier/contracts/auth';
import type { ChatCompletionRequest } from '@xerotier/public-api/chat-completions';
import { withProjectDefaults } from './project-defaults.ts';

const chat: ChatCompletionRequest = { model: 'tiny', messages: [{ role: 'user', content: 'Hello' }] };

function withDefaults(request: ChatCompletionRequest, settings?: ProjectSettings): ChatCompletionRequest {
  return withProjectDefaults(request, { settings } as Access);
}

describe('withProjectDefaults', () => {
  it('returns the same request without settings', () => {
    expect(withDefaults(chat)).toBe(chat);
    expect(withDefaults(chat, { storeByDefault: false, includeReasoning: false })).toEqual(chat);
  });

  it('sets what the request does not set', () => {
    const settings = { storeByDefault: true, includeReasoning: true };
    expect(withDefaults(chat, settings)).toEqual({ ...chat, store: true, include_reasoning: true });
  });

  it('keeps what the request sets', () => {
    const own = { ...chat, store: false, include_reasoning: false };
    expect(withDefaults(own, { storeByDefault: true, includeReasoning: true })).toEqual(own);
  });

  it('rejects a request that is too large to be stored', () => {
    const large = { ...chat, messages: [{ role: 'user' as const, content: 'x'.repeat(64 * 1_024 * 1_024) }] };
    expect(() => withDefaults(large, { storeByDefault: true })).toThrow(
      expect.objectContaining({ code: 'completion.too_large' }),
    );
    expect(() => withDefaults({ ...large, store: false }, { storeByDefault: true })).not.toThrow();
  });
});
