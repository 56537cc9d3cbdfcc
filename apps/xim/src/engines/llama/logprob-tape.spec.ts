import fc from 'fast-check';
import { LogprobTape } from './logprob-tape.ts';

/** Token 1000 + n has the text n of the list; below, the token is its own character. */
function tapeOf(texts: readonly string[], topCount = 0): { tape: LogprobTape; tokens: number[] } {
  const bytesOf = (token: number): Uint8Array => Buffer.from(texts[token] ?? '');
  const textOf = (token: number): string => texts[token] ?? `<|${token}|>`;
  return { tape: new LogprobTape({ bytesOf, textOf }, topCount), tokens: texts.map((_, token) => token) };
}

function tapeWith(texts: readonly string[]): LogprobTape {
  const { tape, tokens } = tapeOf(texts);
  for (const token of tokens) tape.add(token, new Map([[token, 0.5]]));
  return tape;
}

const tokensOf = (taken: readonly { token: string }[]): string[] => taken.map(({ token }) => token);

describe('LogprobTape', () => {
  it('gives out the tokens of a text, with the natural logarithm of their probabilities and their bytes', () => {
    const [first] = tapeWith(['é']).take('é');
    expect(first).toEqual({ token: 'é', logprob: Math.log(0.5), bytes: [0xc3, 0xa9], top_logprobs: [] });
  });

  it('keeps tokens whose text is held back until it comes', () => {
    const tape = tapeWith(['Hel', 'lo', ' STO', 'MP']);
    expect(tokensOf(tape.take('Hello'))).toEqual(['Hel', 'lo']);
    expect(tokensOf(tape.take(' STOMP'))).toEqual([' STO', 'MP']);
  });

  it('leaves out what is before the text: marks, and white space beside them', () => {
    expect(tokensOf(tapeWith(['</think>', '\n\n', ' Par', 'is']).take('Paris'))).toEqual(['Par', 'is']);
  });

  it('cuts the token that a stop string begins in', () => {
    expect(tokensOf(tapeWith(['one ', 'two.End', 'x']).take('one two.', true))).toEqual(['one ', 'two.']);
  });

  it('gives a token out with the piece that it ends in', () => {
    const tape = tapeWith(['Hel', 'lo']);
    expect(tokensOf(tape.take('Hell'))).toEqual(['Hel']);
    expect(tokensOf(tape.take('o'))).toEqual(['lo']);
  });

  it('begins anew after what is no part of the answer', () => {
    const tape = tapeWith(['same', 'same']);
    tape.clear();
    expect(tape.take('same')).toEqual([]);
  });

  it('has as many of the likeliest tokens as were asked for, the likeliest first, and says what has no text', () => {
    const { tape } = tapeOf(['a', 'b', 'c'], 3);
    tape.add(
      0,
      new Map([
        [0, 0.2],
        [1, 0.5],
        [7, 0.25],
        [2, 0.05],
        [3, 0],
      ]),
    );
    expect(tape.take('a')[0]?.top_logprobs).toEqual([
      { token: 'b', logprob: Math.log(0.5), bytes: [98] },
      { token: '<|7|>', logprob: Math.log(0.25), bytes: null },
      { token: 'a', logprob: Math.log(0.2), bytes: [97] },
    ]);
  });

  it('never has a logarithm below the floor or above nothing', () => {
    const { tape } = tapeOf(['a', 'b']);
    tape.add(0, new Map());
    tape.add(1, new Map([[1, 1.0000001]]));
    expect(tape.take('ab').map(({ logprob }) => logprob)).toEqual([-9_999, 0]);
  });

  it('joins to the text, however tokens and pieces are cut', () => {
    const words = fc.array(fc.string({ minLength: 1, maxLength: 5, unit: 'grapheme' }), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(words, fc.array(fc.nat({ max: 8 }), { maxLength: 20 }), (texts, cuts) => {
        const tape = tapeWith(texts);
        const characters = [...texts.join('')];
        let joined = '';
        for (const cut of [...cuts, characters.length]) {
          const piece = characters.splice(0, cut).join('');
          if (piece === '') continue;
          joined += Buffer.concat(tape.take(piece).map(({ bytes }) => Buffer.from(bytes ?? []))).toString();
        }
        expect(joined).toBe(texts.join(''));
      }),
    );
  });
});
