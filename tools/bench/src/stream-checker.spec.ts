import fc from 'fast-check';
import { anyChunking } from './any-chunking.testing.ts';
import { tokenTexts } from './script.ts';
import { StreamChecker } from './stream-checker.ts';
import type { StreamVerdict } from './stream-checker.ts';

const expected = tokenTexts(12);

function frame(delta: object, finishReason: string | null = null, changes: object = {}): string {
  const choices = [{ index: 0, delta, finish_reason: finishReason }];
  return `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'm', choices, ...changes })}\n\n`;
}

const done = 'data: [DONE]\n\n';
const usage = frame({}, null, { choices: [], usage: { total_tokens: 12 } });
const goodFrames = [
  frame({ role: 'assistant', content: '' }),
  ...expected.map((content) => frame({ content })),
  frame({}, 'stop'),
  usage,
  done,
];

function check(chunks: Buffer[]): StreamVerdict {
  const checker = new StreamChecker(expected);
  for (const chunk of chunks) checker.push(chunk);
  return checker.finish();
}

function checkText(text: string): StreamVerdict {
  return check([Buffer.from(text)]);
}

function without(index: number): string {
  return goodFrames.filter((_, at) => at !== index).join('');
}

describe('StreamChecker', () => {
  it('accepts a complete stream however its bytes are chunked', () => {
    fc.assert(
      fc.property(anyChunking(Buffer.from(goodFrames.join(''))), (chunks) => {
        expect(check(chunks)).toEqual({ ok: true, frames: goodFrames.length, tokens: 12, problems: [] });
      }),
    );
  });

  it('detects any dropped frame except the unrequested usage', () => {
    goodFrames.forEach((dropped, index) => {
      const verdict = checkText(without(index));
      expect({ dropped, ok: verdict.ok }).toEqual({ dropped, ok: dropped === usage });
    });
  });

  it('counts only the tokens before a gap', () => {
    const verdict = checkText(without(6));
    expect(verdict.tokens).toBe(5);
    expect(verdict.problems).toEqual([
      expect.stringContaining('expected "tok5 ", got "tok6 "'),
      '7 of 12 tokens are missing',
    ]);
  });

  it('detects any corrupted byte of a token, however the bytes are chunked', () => {
    const bytes = Buffer.from(goodFrames.join(''));
    const offsets = expected.map((token) => bytes.indexOf(`"${token}"`));
    const corrupted = fc
      .tuple(fc.constantFrom(...offsets), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 255 }))
      .chain(([start, offset, change]) => {
        const copy = Buffer.from(bytes);
        copy[start + offset] = (copy[start + offset] ?? 0) ^ change;
        return anyChunking(copy);
      });
    fc.assert(fc.property(corrupted, (chunks) => expect(check(chunks).ok).toBe(false)));
  });

  it.each([
    ['a repeated frame', goodFrames.toSpliced(4, 0, goodFrames[3] ?? '').join('')],
    ['two frames in the wrong order', goodFrames.toSpliced(3, 2, goodFrames[4] ?? '', goodFrames[3] ?? '').join('')],
    ['a token too many', goodFrames.toSpliced(13, 0, frame({ content: 'tok12 ' })).join('')],
    ['a frame of another stream', goodFrames.toSpliced(4, 1, frame({ content: 'tok3 ' }, null, { id: 'x' })).join('')],
    [
      'a frame of another model',
      goodFrames.toSpliced(4, 1, frame({ content: 'tok3 ' }, null, { model: 'x' })).join(''),
    ],
    ['a frame that is not JSON', goodFrames.toSpliced(4, 0, 'data: {\n\n').join('')],
    ['an error event', goodFrames.toSpliced(4, 0, 'data: {"error":{"message":"gone"}}\n\n').join('')],
    ['a second finish reason', goodFrames.toSpliced(-2, 0, frame({}, 'stop')).join('')],
    ['a frame after [DONE]', `${goodFrames.join('')}${usage}`],
    ['an end inside a frame', goodFrames.join('').slice(0, -1)],
  ])('rejects %s', (_name, stream) => {
    expect(checkText(stream).ok).toBe(false);
  });

  it('accepts tokens that are merged into one delta or split over two', () => {
    const [role = '', ...rest] = goodFrames;
    const merged = [role, frame({ content: 'tok0 tok1 to' }), frame({ content: 'k2 ' }), ...rest.slice(3)].join('');
    expect(checkText(merged)).toMatchObject({ ok: true, tokens: 12 });
  });

  it('reports the first token once, when it arrives', () => {
    let firstTokens = 0;
    const checker = new StreamChecker(expected, () => (firstTokens += 1));
    checker.push(Buffer.from(goodFrames[0] ?? ''));
    expect(firstTokens).toBe(0);
    for (const part of goodFrames.slice(1)) checker.push(Buffer.from(part));
    expect(firstTokens).toBe(1);
  });
});
