import { ServerLog } from './server-log.ts';

describe('ServerLog', () => {
  it('splits pieces into lines, without colours, empty lines and progress bars that were overwritten', () => {
    const log = new ServerLog([]);
    const add = log.stream();
    for (const piece of ['\u001b[32mfi', 'rst\u001b[0m\n\n 0%|\r', '50%|\r\nlast', '\n']) add(piece);
    expect(log.last(9)).toEqual(['first', ' 0%|', '50%|', 'last']);
  });

  it('keeps the lines of two streams apart', () => {
    const log = new ServerLog([]);
    const [out, err] = [log.stream(), log.stream()];
    out('one');
    err('two\n');
    out(' line\n');
    expect(log.last(9)).toEqual(['two', 'one line']);
  });

  it('removes secrets', () => {
    const log = new ServerLog(['the-key-1', 'a']);
    log.stream()('api_key=the-key-1 Authorization: Bearer abc.def hf_abcdefgh123 http://u:pw@proxy/ a\n');
    expect(log.last(1)).toEqual(['api_key=[removed] Authorization: [removed] [removed] http://[removed]@proxy/ a']);
  });

  it('removes a secret at the end of what is kept of a long line', () => {
    const log = new ServerLog(['the-key-1']);
    const add = log.stream();
    for (const piece of ['x'.repeat(995), 'the-', 'key-1', 'y'.repeat(900_000), '\n']) add(piece);
    expect(log.last(1)[0]).toBe(`${'x'.repeat(995)}[remo`);
  });

  it('bounds lines, also without an end of line, and their number', () => {
    const log = new ServerLog([]);
    const add = log.stream();
    for (let i = 0; i < 5_000; i += 1) add('x'.repeat(1_000));
    add('\n');
    for (let i = 0; i < 5_000; i += 1) add(`${i}\n`);
    expect(log.last(9_999)).toHaveLength(200);
    add(`${'y'.repeat(5_000)}\n`);
    expect(log.last(1)[0]).toHaveLength(1_000);
  });

  it('finds the last line that matches', () => {
    const log = new ServerLog([]);
    log.stream()('out of memory 1\nout of memory 2\nbye\n');
    expect(log.find([/nothing/, /out of memory/])).toBe('out of memory 2');
    expect(log.find([/nothing/])).toBeUndefined();
  });
});
