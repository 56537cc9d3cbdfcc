import fc from 'fast-check';
import { LogprobBuffer } from './logprob-buffer.ts';

/** Token n has the n-th text of the list. */
function bufferOf(texts: readonly string[], topCount = 0): { buffer: LogprobBuffer; tokens: number[] } {
  const bytesOf = (token: number): Uint8Array => Buffer.from(texts[token] ?? '');
  const textOf = (token: number): string => texts[token] ?? `<|${token}|>`;
  return { buffer: new LogprobBuffer({ bytesOf, textOf }, topCount), tokens: texts.map((_, token) => token) };
}

function bufferWith(texts: readonly string[]): LogprobBuffer {
  const { buffer, tokens } = bufferOf(texts);
  for (const token of tokens) buffer.add(token, new Map([[token, 0.5]]));
  return buffer;
}

const tokensOf = (taken: readonly { token: string }[]): string[] => taken.map(({ token }) => token);

describe('LogprobBuffer', () => {
  it('returns the tokens of a text with their log probabilities and bytes', () => {
    const [first] = bufferWith(['é']).take('é');
    expect(first).toEqual({ token: 'é', logprob: Math.log(0.5), bytes: [0xc3, 0xa9], top_logprobs: [] });
  });

  it('keeps tokens until their text is emitted', () => {
    const buffer = bufferWith(['Hel', 'lo', ' STO', 'MP']);
    expect(tokensOf(buffer.take('Hello'))).toEqual(['Hel', 'lo']);
    expect(tokensOf(buffer.take(' STOMP'))).toEqual([' STO', 'MP']);
  });

  it('drops tags before the text, and the white space next to them', () => {
    expect(tokensOf(bufferWith(['</think>', '\n\n', ' Par', 'is']).take('Paris'))).toEqual(['Par', 'is']);
  });

  it('truncates the token in which a stop string begins', () => {
    expect(tokensOf(bufferWith(['one ', 'two.End', 'x']).take('one two.', true))).toEqual(['one ', 'two.']);
  });

  it('returns a token with the piece in which it ends', () => {
    const buffer = bufferWith(['Hel', 'lo']);
    expect(tokensOf(buffer.take('Hell'))).toEqual(['Hel']);
    expect(tokensOf(buffer.take('o'))).toEqual(['lo']);
  });

  it('drops all buffered tokens on clear()', () => {
    const buffer = bufferWith(['same', 'same']);
    buffer.clear();
    expect(buffer.take('same')).toEqual([]);
  });

  it('lists the requested number of top tokens, most likely first, with null bytes for tokens without text', () => {
    const { buffer } = bufferOf(['a', 'b', 'c'], 3);
    buffer.add(
      0,
      new Map([
        [0, 0.2],
        [1, 0.5],
        [7, 0.25],
        [2, 0.05],
        [3, 0],
      ]),
    );
    expect(buffer.take('a')[0]?.top_logprobs).toEqual([
      { token: 'b', logprob: Math.log(0.5), bytes: [98] },
      { token: '<|7|>', logprob: Math.log(0.25), bytes: null },
      { token: 'a', logprob: Math.log(0.2), bytes: [97] },
    ]);
  });

  it('clamps log probabilities to the range from -9999 to 0', () => {
    const { buffer } = bufferOf(['a', 'b']);
    buffer.add(0, new Map());
    buffer.add(1, new Map([[1, 1.0000001]]));
    expect(buffer.take('ab').map(({ logprob }) => logprob)).toEqual([-9_999, 0]);
  });

  it('returns tokens that join to the text, however tokens and pieces are split', () => {
    const words = fc.array(fc.string({ minLength: 1, maxLength: 5, unit: 'grapheme' }), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(words, fc.array(fc.nat({ max: 8 }), { maxLength: 20 }), (texts, cuts) => {
        const buffer = bufferWith(texts);
        const characters = [...texts.join('')];
        let joined = '';
        for (const cut of [...cuts, characters.length]) {
          const piece = characters.splice(0, cut).join('');
          if (piece === '') continue;
          joined += Buffer.concat(buffer.take(piece).map(({ bytes }) => Buffer.from(bytes ?? []))).toString();
        }
        expect(joined).toBe(texts.join(''));
      }),
    );
  });
});
