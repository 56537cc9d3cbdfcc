import { isRight } from './answer.ts';
import type { Answer } from './answer.ts';
import { parseReply } from './file-answerer.ts';

const said = (content: string): Answer => ({ content, calls: [], completionTokens: 1 });

describe('isRight', () => {
  it('looks for whole words, in any letters', () => {
    const expectation = { kind: 'says', all: ['paris', '5'] } as const;
    expect(isRight(expectation, said('Paris has 5.'))).toBe(true);
    expect(isRight(expectation, said('Paris has 15.'))).toBe(false);
    expect(isRight(expectation, said('Parisian 5'))).toBe(false);
  });

  it('takes a call for a wrong answer where words are expected, and words where a call is', () => {
    const call = { ...said(''), calls: [{ name: 'f', arguments: '{"a":1}' }] };
    expect(isRight({ kind: 'says', any: ['paris'] }, call)).toBe(false);
    expect(isRight({ kind: 'calls', calls: [{ name: 'f', arguments: { a: 1 } }] }, said('paris'))).toBe(false);
    expect(isRight({ kind: 'calls', calls: [{ name: 'f', arguments: { a: 1 } }] }, call)).toBe(true);
  });

  it('compares arguments with their types, and all of them', () => {
    const call = (text: string): Answer => ({ ...said(''), calls: [{ name: 'f', arguments: text }] });
    const expectation = { kind: 'calls', calls: [{ name: 'f', arguments: { a: 1 } }] } as const;
    expect(isRight(expectation, call('{"a":"1"}'))).toBe(false);
    expect(isRight(expectation, call('{"a":1,"b":2}'))).toBe(false);
    expect(isRight(expectation, call('{'))).toBe(false);
  });

  it('compares JSON without regard to the order of keys', () => {
    const expectation = { kind: 'json', value: { a: 1, b: ['x'] } } as const;
    expect(isRight(expectation, said('{"b": ["x"], "a": 1}'))).toBe(true);
    expect(isRight(expectation, said('{"b": ["x"]}'))).toBe(false);
    expect(isRight(expectation, said('no JSON'))).toBe(false);
  });
});

describe('parseReply', () => {
  it('leaves the thought out and takes the calls out', () => {
    expect(parseReply('<think>\nhm\n</think>\n\nYes.', 1)).toEqual({ content: 'Yes.', calls: [], completionTokens: 1 });
    const block = '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>';
    expect(parseReply(`${block}\n${block}`, 1).calls).toHaveLength(2);
    expect(parseReply('<tool_call>\n{"name"\n</tool_call>', 1).calls).toEqual([{ name: '', arguments: '{"name"' }]);
  });
});
