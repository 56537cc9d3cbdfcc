import fc from 'fast-check';
import { cut } from '../testing/cut.ts';
import { dialectOf } from './dialect.ts';
import { ReplyReader } from './reply-reader.ts';
import type { ReplyPart, ReplyReaderOptions } from './reply-reader.ts';

const dialect = dialectOf('');
const ALL: ReplyReaderOptions = { thinking: 'possible', mayCall: true };

/** The parts of a reply, with neighbours of one kind joined. */
function partsOf(pieces: readonly string[], options = ALL): ReplyPart[] {
  const reader = new ReplyReader(dialect, options);
  const joined: ReplyPart[] = [];
  for (const part of [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()]) {
    const last = joined.at(-1);
    if (last !== undefined && 'text' in last && 'text' in part && last.type === part.type)
      joined[joined.length - 1] = { ...last, text: last.text + part.text };
    else joined.push(part);
  }
  return joined;
}

function call(name: string, values: string): ReplyPart[] {
  return [{ type: 'call', name }, { type: 'arguments', text: values }, { type: 'call ended' }];
}

const PARIS = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>';

describe('ReplyReader', () => {
  it.each<[string, string, ReplyPart[]]>([
    ['an answer', 'Hello there.', [{ type: 'content', text: 'Hello there.' }]],
    ['an answer with its white space', ' Hello \n', [{ type: 'content', text: ' Hello \n' }]],
    [
      'a thought and an answer',
      '<think>\n1 + 1\n</think>\n\n2',
      [
        { type: 'reasoning', text: '\n1 + 1' },
        { type: 'content', text: '2' },
      ],
    ],
    ['an empty thought', '<think>\n\n</think>\n\nYes.', [{ type: 'content', text: 'Yes.' }]],
    ['a thought that never ends', '<think>\nhm', [{ type: 'reasoning', text: '\nhm' }]],
    ['a call', PARIS, call('get_weather', '{"city": "Paris"}')],
    [
      'a text and two calls',
      `I look.\n${PARIS}\n${PARIS}`,
      [
        { type: 'content', text: 'I look.' },
        ...call('get_weather', '{"city": "Paris"}'),
        ...call('get_weather', '{"city": "Paris"}'),
      ],
    ],
    ['a mark that was never completed', 'a <tool_cal', [{ type: 'content', text: 'a <tool_cal' }]],
    ['the mark of a thought in an answer', 'a <think> b', [{ type: 'content', text: 'a <think> b' }]],
    ['a mark that closes nothing', 'a </think> b', [{ type: 'content', text: 'a </think> b' }]],
  ])('takes %s apart, wherever the text is cut', (_, text, expected) => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 15 }), { minLength: 1 }), (sizes) => {
        expect(partsOf(cut(text, sizes))).toEqual(expected);
      }),
    );
  });

  it('loses and changes nothing of a text without marks, and gives it out at once where nothing can follow', () => {
    const texts = fc.string({ unit: fc.constantFrom('<', '>', 't', 'h', 'o', 'l', '_', ' ', '\n', 'é') });
    fc.assert(
      fc.property(texts, fc.array(fc.nat({ max: 9 }), { minLength: 1 }), (text, sizes) => {
        const parts = partsOf(cut(text, sizes));
        expect(parts.map((part) => ('text' in part ? part.text : '')).join('')).toBe(text);
      }),
    );
    const reader = new ReplyReader(dialect, { thinking: 'impossible', mayCall: false });
    expect(reader.push('a <tool_call')).toEqual([{ type: 'content', text: 'a <tool_call' }]);
  });

  it('leaves the marks of calls alone where there is nothing to call, and those of thoughts where there are none', () => {
    expect(partsOf([PARIS], { thinking: 'impossible', mayCall: false })).toEqual([{ type: 'content', text: PARIS }]);
    expect(partsOf(['<think>a</think>b'], { thinking: 'impossible', mayCall: true })).toEqual([
      { type: 'content', text: '<think>a</think>b' },
    ]);
  });

  it('is in a thought from the beginning when the prompt has opened it', () => {
    expect(partsOf(['hm</think>yes'], { thinking: 'begun', mayCall: false })).toEqual([
      { type: 'reasoning', text: 'hm' },
      { type: 'content', text: 'yes' },
    ]);
  });

  it('tells where it is', () => {
    const reader = new ReplyReader(dialect, ALL);
    reader.push('<think>');
    expect([reader.isThinking, reader.isCalling]).toEqual([true, false]);
    reader.push('</think>x<tool_call>');
    expect([reader.isThinking, reader.isCalling]).toEqual([false, true]);
    reader.push('</tool_call>');
    expect([reader.isThinking, reader.isCalling]).toEqual([false, false]);
  });
});
