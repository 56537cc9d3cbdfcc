import fc from 'fast-check';
import { splitIntoPieces } from '../testing/split-into-pieces.ts';
import { dialectOf } from './dialect.ts';
import { ReplyReader } from './reply-reader.ts';
import type { ReplyPart, ReplyReaderOptions } from './reply-reader.ts';

const dialect = dialectOf('');
const ALL: ReplyReaderOptions = { reasoning: 'optional', mayCall: true };

/** Returns the parts of the output, with adjacent parts of one type joined. */
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
    ['content', 'Hello there.', [{ type: 'content', text: 'Hello there.' }]],
    ['content with its white space', ' Hello \n', [{ type: 'content', text: ' Hello \n' }]],
    [
      'reasoning and content',
      '<think>\n1 + 1\n</think>\n\n2',
      [
        { type: 'reasoning', text: '\n1 + 1' },
        { type: 'content', text: '2' },
      ],
    ],
    ['empty reasoning', '<think>\n\n</think>\n\nYes.', [{ type: 'content', text: 'Yes.' }]],
    ['unterminated reasoning', '<think>\nhm', [{ type: 'reasoning', text: '\nhm' }]],
    ['a tool call', PARIS, call('get_weather', '{"city": "Paris"}')],
    [
      'content and two tool calls',
      `I look.\n${PARIS}\n${PARIS}`,
      [
        { type: 'content', text: 'I look.' },
        ...call('get_weather', '{"city": "Paris"}'),
        ...call('get_weather', '{"city": "Paris"}'),
      ],
    ],
    ['an incomplete tag', 'a <tool_cal', [{ type: 'content', text: 'a <tool_cal' }]],
    ['an opening tag in content', 'a <think> b', [{ type: 'content', text: 'a <think> b' }]],
    ['an unmatched closing tag', 'a </think> b', [{ type: 'content', text: 'a </think> b' }]],
  ])('parses %s, wherever the text is split', (_, text, expected) => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 15 }), { minLength: 1 }), (sizes) => {
        expect(partsOf(splitIntoPieces(text, sizes))).toEqual(expected);
      }),
    );
  });

  it('preserves a text without tags, and emits it immediately where no tag can follow', () => {
    const texts = fc.string({ unit: fc.constantFrom('<', '>', 't', 'h', 'o', 'l', '_', ' ', '\n', 'é') });
    fc.assert(
      fc.property(texts, fc.array(fc.nat({ max: 9 }), { minLength: 1 }), (text, sizes) => {
        const parts = partsOf(splitIntoPieces(text, sizes));
        expect(parts.map((part) => ('text' in part ? part.text : '')).join('')).toBe(text);
      }),
    );
    const reader = new ReplyReader(dialect, { reasoning: 'disabled', mayCall: false });
    expect(reader.push('a <tool_call')).toEqual([{ type: 'content', text: 'a <tool_call' }]);
  });

  it('treats tool call tags as text without tools, and reasoning tags as text with reasoning disabled', () => {
    expect(partsOf([PARIS], { reasoning: 'disabled', mayCall: false })).toEqual([{ type: 'content', text: PARIS }]);
    expect(partsOf(['<think>a</think>b'], { reasoning: 'disabled', mayCall: true })).toEqual([
      { type: 'content', text: '<think>a</think>b' },
    ]);
  });

  it('starts in reasoning when the prompt has opened it', () => {
    expect(partsOf(['hm</think>yes'], { reasoning: 'open', mayCall: false })).toEqual([
      { type: 'reasoning', text: 'hm' },
      { type: 'content', text: 'yes' },
    ]);
  });

  it('reports its state', () => {
    const reader = new ReplyReader(dialect, ALL);
    reader.push('<think>');
    expect([reader.isReasoning, reader.isCalling]).toEqual([true, false]);
    reader.push('</think>x<tool_call>');
    expect([reader.isReasoning, reader.isCalling]).toEqual([false, true]);
    reader.push('</tool_call>');
    expect([reader.isReasoning, reader.isCalling]).toEqual([false, false]);
  });
});
