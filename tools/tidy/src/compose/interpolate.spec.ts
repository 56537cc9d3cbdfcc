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

  it('rejects a missing or empty required variable with the reason in the file', () => {
    expect(() => interpolate('${NONE:?make one}', env)).toThrow('lacks NONE: make one');
    expect(() => interpolate('${EMPTY:?make one}', env)).toThrow('lacks EMPTY: make one');
  });

  it('reports every variable, including those in unused defaults', () => {
    const seen: Reference[] = [];
    interpolate('${SET:-${INNER:-1}} ${OTHER}', env, (reference) => seen.push(reference));
    expect(seen).toEqual([
      { variable: 'INNER', operator: ':-', operand: '1' },
      { variable: 'SET', operator: ':-', operand: '1' },
      { variable: 'OTHER' },
    ]);
  });

  it.each(['$', '$SET', '${SET', '${}', '${SET!}', '100$'])('rejects %j', (text) => {
    expect(() => interpolate(text, env)).toThrow('has an invalid $');
  });
});
