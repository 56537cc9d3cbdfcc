import type { ChatMessage } from '@xerotier/public-api/chat-completions';
import { transcriptOf } from './transcript.ts';

const called = (content: string | null): ChatMessage => ({
  role: 'assistant',
  content,
  tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } }],
});

describe('transcriptOf', () => {
  it.each<[string, ChatMessage, string]>([
    ['a message', { role: 'user', content: 'Hello' }, '[user]\nHello'],
    ['an empty message', { role: 'user', content: '' }, '[user]\n'],
    [
      'parts',
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      '[user]\na\nb',
    ],
    [
      'an image without its content',
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] },
      '[user]\n(an image)',
    ],
    ['a call', called(null), '[assistant calls the tool weather]\n{"city":"Rome"}'],
    [
      'a text with a call',
      called('Wait.'),
      '[assistant]\nWait.\n\n[assistant calls the tool weather]\n{"city":"Rome"}',
    ],
    ['the output of a tool', { role: 'tool', tool_call_id: 'call_1', content: 'sunny' }, '[tool]\nsunny'],
  ])('has %s', (_what, message, text) => {
    expect(transcriptOf([message])).toBe(text);
  });

  it('has the messages in their order', () => {
    expect(
      transcriptOf([
        { role: 'developer', content: 'x' },
        { role: 'user', content: 'y' },
      ]),
    ).toBe('[developer]\nx\n\n[user]\ny');
  });
});
