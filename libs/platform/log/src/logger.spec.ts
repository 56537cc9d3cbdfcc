import { withoutBackslashes } from '@xerotier/testing';
import fc from 'fast-check';
import { Writable } from 'node:stream';
import { withLogContext } from './context.ts';
import { createLogger } from './logger.ts';
import type { LogFields, Logger, LogLevel } from './logger.ts';
import { capturedLog, silentLog } from './testing.ts';

const SECRETS = [
  'authorization',
  'apiKey',
  'key',
  'password',
  'secret',
  'token',
  'prompt',
  'messages',
  'content',
  'headers',
  'body',
];
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** Returns the one line that was written. */
function lineOf(write: (log: Logger) => void): Record<string, unknown> {
  const { log, lines } = capturedLog();
  write(log);
  expect(lines()).toHaveLength(1);
  return lines()[0] as Record<string, unknown>;
}

/** Wraps the value in this many objects. */
function nested(value: object, depth: number): LogFields {
  return depth === 0 ? { ...value } : { inner: nested(value, depth - 1) };
}

describe('a log line', () => {
  it.each(LEVELS)('at level %s is one JSON object with level, time, service and message', (level) => {
    const line = lineOf((log) => log[level]('slot granted', { workerId: 'w1' }));
    expect(line).toEqual({ level, time: expect.any(String), service: 'test', msg: 'slot granted', workerId: 'w1' });
    expect(new Date(line['time'] as string).toISOString()).toBe(line['time']);
  });

  it.each(LEVELS)('at level %s has its message without fields', (level) => {
    expect(lineOf((log) => log[level]('started'))).toMatchObject({ level, msg: 'started' });
  });

  it('does not interpret its message as a format', () => {
    expect(lineOf((log) => log.info('100 %s of %d', { a: 1 }))).toMatchObject({ msg: '100 %s of %d' });
  });

  it('has the context of its work only', () => {
    const { log, lines } = capturedLog();
    withLogContext({ requestId: 'req_1', projectId: 'proj_1' }, () => log.info('inside'));
    log.info('outside');
    expect(lines()[0]).toMatchObject({ msg: 'inside', requestId: 'req_1', projectId: 'proj_1' });
    expect(lines()[1]).not.toHaveProperty('requestId');
  });

  it('of a child logger has its own fields, with secrets removed', () => {
    expect(lineOf((log) => log.child({ model: 'm', token: 'hunter2' }).info('x', { n: 1 }))).toMatchObject({
      model: 'm',
      token: '[removed]',
      n: 1,
    });
  });
});

describe('a field with the name of a secret', () => {
  it.each(SECRETS)('%s is removed down to the third level', (name) => {
    for (const depth of [0, 1, 2, 3]) {
      for (const level of LEVELS) {
        const text = JSON.stringify(lineOf((log) => log[level]('x', nested({ [name]: 'hunter2', other: 1 }, depth))));
        expect([depth, text]).toEqual([depth, expect.stringContaining(`"${name}":"[removed]","other":1`)]);
        expect(text).not.toContain('hunter2');
      }
    }
  });

  it('is removed from the elements of an array', () => {
    const line = lineOf((log) => log.info('x', { sent: [{ to: 'a', body: 'hunter2' }, { to: 'b' }] }));
    expect(line['sent']).toEqual([{ to: 'a', body: '[removed]' }, { to: 'b' }]);
  });

  it('is removed from the line, not from the passed object', () => {
    const fields = { a: { b: { password: 'hunter2' } }, key: { deep: true } };
    const before = structuredClone(fields);
    lineOf((log) => log.info('x', fields));
    expect(fields).toEqual(before);
  });

  it('is removed whatever its value', () => {
    expect(lineOf((log) => log.info('x', { key: { a: 1 }, token: null, body: 0 }))).toMatchObject({
      key: '[removed]',
      token: '[removed]',
      body: '[removed]',
    });
  });
});

describe('other fields', () => {
  it('are written unchanged', () => {
    const name = fc
      .string()
      .filter((text) => ![...SECRETS, 'error', 'level', 'time', 'service', 'msg', '__proto__'].includes(text));
    const value = fc
      .jsonValue({ depthSize: 'small' })
      .filter((json) => !SECRETS.some((secret) => JSON.stringify(json)?.includes(`"${secret}"`)));
    fc.assert(
      fc.property(withoutBackslashes(fc.dictionary(name, value)), (fields) => {
        const { level, time, service, msg, ...written } = lineOf((log) => log.info('x', fields));
        expect([level, service, msg, typeof time]).toEqual(['info', 'test', 'x', 'string']);
        expect(written).toEqual(JSON.parse(JSON.stringify(fields)));
      }),
    );
  });

  it('may be circular', () => {
    const fields: LogFields = { name: 'loop' };
    fields['self'] = fields;
    expect(lineOf((log) => log.info('x', fields))).toMatchObject({ name: 'loop' });
  });
});

describe('an error in a line', () => {
  it('has name, code, message and the chain of causes, with the innermost stack', () => {
    const cause = new Error('connection refused');
    const error = Object.assign(new TypeError('no database', { cause }), { code: 'db.unavailable' });
    expect(lineOf((log) => log.error('x', { error }))['error']).toEqual({
      name: 'TypeError',
      code: 'db.unavailable',
      message: 'no database',
      cause: { name: 'Error', message: 'connection refused', stack: cause.stack },
    });
  });

  it('with circular causes is truncated', () => {
    const error = new Error('round');
    error.cause = error;
    const text = JSON.stringify(lineOf((log) => log.warn('x', { error })));
    expect(text.match(/"round"/g)).toHaveLength(6);
  });

  it('is replaced when it is not an Error, unless it is a string', () => {
    expect(lineOf((log) => log.error('x', { error: { password: 'hunter2' } }))['error']).toBe('(not an Error)');
    expect(lineOf((log) => log.error('x', { error: 'gone' }))['error']).toBe('gone');
    expect(lineOf((log) => log.error('x', { error: undefined }))).not.toHaveProperty('error');
  });
});

describe('the level of a logger', () => {
  it.each<[LogLevel, number]>([
    ['trace', 4],
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
    ['fatal', 0],
    ['silent', 0],
  ])('%s writes %i of four lines', (level, count) => {
    const chunks: string[] = [];
    const destination = new Writable({ write: (chunk: Buffer, _, done) => (chunks.push(chunk.toString()), done()) });
    const log = createLogger({ service: 'test', level, destination });
    for (const each of LEVELS) log[each]('x');
    expect(chunks).toHaveLength(count);
  });

  it('defaults to info', () => {
    const chunks: string[] = [];
    const destination = new Writable({ write: (chunk: Buffer, _, done) => (chunks.push(chunk.toString()), done()) });
    const log = createLogger({ service: 'test', destination });
    log.debug('hidden');
    log.info('shown');
    expect(chunks).toHaveLength(1);
  });

  it('of a silent logger writes nothing', () => {
    expect(() => silentLog().error('x')).not.toThrow();
  });
});
