import { formatLogLine, inTimeOrder, isAboutRequest, parseLogLine } from './log-line.ts';

const service = (fields: object): string =>
  JSON.stringify({ level: 'info', time: '2026-01-31T12:00:00.123Z', ...fields });

describe('parseLogLine', () => {
  it('formats the JSON of a service', () => {
    const line = parseLogLine(
      'gateway',
      service({ service: 'gateway', msg: 'request completed', status: 200, route: '/a b', error: { name: 'X' } }),
    );
    expect(formatLogLine(line, 8)).toBe(
      '12:00:00.123  gateway   info  request completed status=200 route="/a b" error={"name":"X"}',
    );
  });

  it.each([
    ['nats', '[12] 2026/01/31 12:00:00.123456 [INF] Server is ready'],
    ['redis', '12:M 31 Jan 2026 12:00:00.123 * Ready to accept connections'],
    ['supervisor', '2026-01-31T12:00:00.123Z  gateway exited (SIGKILL), restarting'],
    ['postgres', '2026-01-31 12:00:00.123 GMT [12] LOG:  ready'],
  ])('parses the time of a line of %s, and does not change its text', (source, text) => {
    const line = parseLogLine(source, text);
    expect(line.time).toBe(Date.parse('2026-01-31T12:00:00.123Z'));
    expect(line.text).toBe(text);
  });

  it.each(['    at somewhere (file.ts:1:2)', '', '{"half of', '{}'])('accepts %j, which has no time', (text) => {
    expect(parseLogLine('xim', text).time).toBeUndefined();
  });
});

describe('isAboutRequest', () => {
  it.each([
    [{ requestId: 'r1' }],
    [{ clientRequestId: 'r1' }],
    [{ record: { requestId: 'r1' } }],
    [{ records: [{ requestId: 'r0' }, { requestId: 'r1' }] }],
  ])('is true for %j', (fields) => {
    expect(isAboutRequest(parseLogLine('auth', service(fields)), 'r1')).toBe(true);
  });

  it.each([[{ requestId: 'r10' }], [{ msg: 'r1' }], [{ keyId: 'r1' }], [{}]])('is false for %j', (fields) => {
    expect(isAboutRequest(parseLogLine('auth', service(fields)), 'r1')).toBe(false);
  });

  it('is false for a line of a server', () => {
    expect(isAboutRequest(parseLogLine('nats', 'r1'), 'r1')).toBe(false);
  });
});

describe('inTimeOrder', () => {
  it('merges files by time, and keeps stack traces after their line', () => {
    const at = (source: string, second: number): ReturnType<typeof parseLogLine> =>
      parseLogLine(source, JSON.stringify({ time: `2026-01-31T12:00:0${second}.000Z`, msg: `${source}${second}` }));
    const merged = inTimeOrder([
      [at('a', 1), parseLogLine('a', '  at x'), at('a', 4)],
      [at('b', 2), at('b', 3)],
    ]);
    expect(merged.map(({ text }) => text)).toEqual(['a1', '  at x', 'b2', 'b3', 'a4']);
  });
});
