import { AppError } from '@xerotier/errors';
import type { ChatCompletionRequest, ChatMessage } from '@xerotier/public-api/chat-completions';
import fc from 'fast-check';
import { shortenedChat } from './shortened-chat.ts';

const call = { id: 'c', type: 'function' as const, function: { name: 'f', arguments: '{}' } };
const text = fc.string({ maxLength: 40 });
const turn = fc.tuple(
  text.map((content): ChatMessage => ({ role: 'user', content })),
  fc.array(
    fc.oneof(
      text.map((content): ChatMessage => ({ role: 'assistant', content })),
      fc.constant<ChatMessage>({ role: 'assistant', content: null, tool_calls: [call] }),
      text.map((content): ChatMessage => ({ role: 'tool', tool_call_id: 'c', content })),
    ),
    { maxLength: 4 },
  ),
);
const overflow = fc.oneof(
  fc.constant(new AppError('inference.prompt_too_long', { reason: 'x' })),
  fc
    .tuple(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 5_000 }))
    .map(([a, b]) => new AppError('inference.context_length_exceeded', { promptTokens: a + b, contextTokens: a })),
);

it('leaves the instructions and an end of whole turns, and at last only the last turn', () => {
  fc.assert(
    fc.property(
      fc.array(text, { maxLength: 2 }),
      fc.array(turn, { minLength: 1, maxLength: 8 }),
      overflow,
      (instructions, turns, error) => {
        const system = instructions.map((content): ChatMessage => ({ role: 'system', content }));
        const groups = turns.map(([user, others]) => [user, ...others]);
        let chat: ChatCompletionRequest = { model: 'm', messages: [...system, ...groups.flat()] };
        let left = groups;
        for (let next = shortenedChat(chat, error); next !== undefined; next = shortenedChat(chat, error)) {
          expect(next.droppedTurns).toBeGreaterThan(0);
          left = left.slice(next.droppedTurns);
          expect(next.chat.messages).toEqual([...system, ...left.flat()]);
          ({ chat } = next);
        }
        expect(left).toEqual(groups.slice(-1));
      },
    ),
  );
});

it('drops as much as the engine says', () => {
  const messages = Array.from({ length: 10 }, (): ChatMessage => ({ role: 'user', content: 'x'.repeat(1_000) }));
  const error = new AppError('inference.context_length_exceeded', { promptTokens: 1_000, contextTokens: 690 });
  expect(shortenedChat({ model: 'm', messages }, error)?.droppedTurns).toBe(4);
});
