import { MissingVariable, interpolate } from './interpolate.ts';
import type { Reference } from './interpolate.ts';

const env = { SET: 'value', EMPTY: '' };

describe('interpolate', () => {
  it.each([
    ['no variable', 'no variable'],
    ['a $SET b', 'a value b'],
    ['${SET}:${SET}', 'value:value'],
    ['$$SET', '$SET'],
    ['${NONE}', ''],
    ['${NONE:-default}', 'default'],
    ['${EMPTY:-default}', 'default'],
    ['${EMPTY-default}', ''],
    ['${NONE-default}', 'default'],
    ['${NONE:-a-${SET}-b}', 'a-value-b'],
    ['${NONE:-http://h:${OTHER:-80}/}', 'http://h:80/'],
    ['${SET:+other}', 'other'],
    ['${EMPTY:+other}', ''],
    ['${SET:?must be given}', 'value'],
  ])('makes of %s', (text, result) => {
    expect(interpolate(text, env)).toBe(result);
  });

  it('refuses a required variable that is missing or empty, with the reason of the file', () => {
    expect(() => interpolate('${NONE:?make one}', env)).toThrow(new MissingVariable('NONE: make one'));
    expect(() => interpolate('${EMPTY:?make one}', env)).toThrow('EMPTY: make one');
    expect(interpolate('${EMPTY?make one}', env)).toBe('');
  });

  it('tells of every variable, also of those in defaults that are not needed', () => {
    const seen: Reference[] = [];
    interpolate('${SET:-${INNER:-1}} $OTHER', env, (reference) => seen.push(reference));
    expect(seen).toEqual([
      { variable: 'SET', operator: ':-', operand: '${INNER:-1}' },
      { variable: 'INNER', operator: ':-', operand: '1' },
      { variable: 'OTHER' },
    ]);
  });

  it.each(['$', '${', '${SET', '${}', '${SET!}', '100$'])('refuses %j, which is not complete', (text) => {
    expect(() => interpolate(text, env)).toThrow(SyntaxError);
  });
});
