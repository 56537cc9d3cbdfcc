import { StatementNames } from './statement-names.ts';

function useAll(names: StatementNames, texts: readonly string[], times: number): (string | undefined)[] {
  for (let time = 1; time < times; time += 1) for (const text of texts) names.use(text);
  return texts.map((text) => names.use(text));
}

const texts = (count: number, prefix = 'SELECT'): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix} ${at}`);

describe('StatementNames', () => {
  it('names a statement that is used for the third time, and keeps its name', () => {
    const names = new StatementNames();
    expect([1, 2, 3, 4].map(() => names.use('SELECT $1'))).toEqual([undefined, undefined, 's1', 's1']);
  });

  it('gives each statement a name of its own', () => {
    const named = useAll(new StatementNames(), texts(200), 3);
    expect(new Set(named).size).toBe(200);
    expect(named).not.toContain(undefined);
  });

  it('names no more than 200 statements', () => {
    const names = new StatementNames();
    useAll(names, texts(200), 3);
    expect(useAll(names, texts(5, 'DELETE'), 4)).toEqual(Array(5).fill(undefined));
    expect(names.use('SELECT 7')).toBe('s8');
  });

  it('forgets those that are seldom used, for others', () => {
    const names = new StatementNames();
    useAll(names, texts(1_000), 1);
    expect(useAll(names, texts(200, 'DELETE'), 3)).not.toContain(undefined);
  });

  it('does not name long statements', () => {
    expect(useAll(new StatementNames(), ['SELECT '.padEnd(16_385, '1')], 5)).toEqual([undefined]);
  });
});
