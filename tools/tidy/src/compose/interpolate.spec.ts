import { interpolate } from './interpolate.ts';
import type { Reference } from './interpolate.ts';

const env = { SET: 'value', EMPTY: '' };

describe('interpolate', () => {
  it.each([
    ['no variable', 'no variable'],
    ['${SET}:${SET}', 'value:value'],
    ['${NONE}', ''],
    ['${NONE:-default}', 'default'],
    ['${EMPTY:-default}', 'default'],
    ['${SET:-default}', 'value'],
    ['${NONE:-http://h:${OTHER:-80}/${SET}}', 'http://h:80/value'],
    ['${SET:?must be given}', 'value'],
  ])('replaces %s', (text, result) => {
    expect(interpolate(text, env)).toBe(result);
  });

  it('rejects a required variable that is missing or empty, with the reason of the file', () => {
    expect(() => interpolate('${NONE:?make one}', env)).toThrow('lacks NONE: make one');
    expect(() => interpolate('${EMPTY:?make one}', env)).toThrow('lacks EMPTY: make one');
  });

  it('reports every variable, also those in defaults that are not needed', () => {
    const seen: Reference[] = [];
    interpolate('${SET:-${INNER:-1}} ${OTHER}', env, (reference) => seen.push(reference));
    expect(seen).toEqual([
      { variable: 'INNER', operator: ':-', operand: '1' },
      { variable: 'SET', operator: ':-', operand: '1' },
      { variable: 'OTHER' },
    ]);
  });

  it.each(['$', '$SET', '${SET', '${}', '${SET!}', '100$'])('rejects %j, which is no variable', (text) => {
    expect(() => interpolate(text, env)).toThrow('has a $ that is no variable');
  });
});
