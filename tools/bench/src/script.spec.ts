import { readScript, scriptMessage } from './script.ts';

function user(content: string): { role: string; content: string } {
  return { role: 'user', content };
}

describe('readScript', () => {
  it('follows the directive in the last user message', () => {
    const messages = [user(scriptMessage({ tokens: 9, delayMs: 9 })), user(scriptMessage({ tokens: 2, delayMs: 20 }))];
    expect(readScript({ messages })).toEqual({ tokens: ['tok0 ', 'tok1 '], delayMs: 20, finishReason: 'stop' });
  });

  it('ignores directives of other roles', () => {
    const messages = [user('hello'), { role: 'assistant', content: scriptMessage({ tokens: 2, delayMs: 20 }) }];
    expect(readScript({ messages })).toMatchObject({ delayMs: 0, tokens: { length: 16 } });
  });

  it('truncates at max_tokens with finish reason length', () => {
    const messages = [user(scriptMessage({ tokens: 5, delayMs: 0 }))];
    expect(readScript({ messages, max_tokens: 2 })).toMatchObject({
      tokens: ['tok0 ', 'tok1 '],
      finishReason: 'length',
    });
    expect(readScript({ messages, max_tokens: 5 })).toMatchObject({ finishReason: 'stop' });
  });

  it('has as many tokens as max_tokens without a directive', () => {
    expect(readScript({ messages: [user('hello')], max_tokens: 3 }).tokens).toHaveLength(3);
  });

  it('splits a literal text into words', () => {
    const text = ' one {two}\nthree ';
    const { tokens } = readScript({ messages: [user(`[[script ${JSON.stringify({ text })}]]`)] });
    expect(tokens.join('')).toBe(text);
    expect(tokens).toHaveLength(3);
  });

  it.each([
    '[[script {"tokens":-1}]]',
    '[[script {"tokens":"many"}]]',
    '[[script {"delayMs":1e9}]]',
    '[[script {oops}]]',
  ])('rejects %s', (content) => {
    expect(() => readScript({ messages: [user(content)] })).toThrow('script');
  });
});
