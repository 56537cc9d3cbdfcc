import { AppError } from '@xerotier/errors';
import fc from 'fast-check';
import { createMessageOf, parseMessage, requireResponseCreate, streamIdOf } from './client-message.ts';

/** The code of what is thrown, and its parameter. */
function rejectionOf(work: () => unknown): [string, string | undefined] | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    const { code, param } = AppError.from(error);
    return [code, param];
  }
}

const parse = (text: string | Buffer, isBinary = false): unknown => parseMessage(Buffer.from(text), isBinary);

describe('parseMessage', () => {
  it('parses what JSON.parse does, and rejects everything else by a code', () => {
    const texts = fc.oneof(fc.json({ maxDepth: 8 }), fc.string(), fc.constant('{"a":1,"a":2}'));
    fc.assert(
      fc.property(texts, (text) => {
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          expected = undefined;
        }
        const isObject = typeof expected === 'object' && expected !== null && !Array.isArray(expected);
        if (isObject) expect(parse(text)).toEqual(expected);
        else
          expect(rejectionOf(() => parse(text))?.[0]).toBe(
            expected === undefined ? 'websocket.invalid_json' : 'request.invalid',
          );
      }),
    );
  });

  it('never fails otherwise, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isBinary) => {
        const code = rejectionOf(() => parse(Buffer.from(bytes), isBinary))?.[0];
        expect(['websocket.invalid_json', 'request.invalid', undefined]).toContain(code);
        if (isBinary) expect(code).toBe('websocket.invalid_json');
      }),
    );
  });

  it.each(['[[[['.repeat(30), `{"a":${'['.repeat(80)}${']'.repeat(80)}}`])('rejects %j, which is too deep', (text) => {
    expect(rejectionOf(() => parse(text))).toEqual(['request.invalid', undefined]);
  });
});

describe('streamIdOf', () => {
  it.each([undefined, null, 'a', 'A-b_c.9', 'x'.repeat(256)])('accepts %j', (id) => {
    expect(streamIdOf({ stream_id: id })).toBe(id ?? undefined);
  });

  it.each(['', 'x'.repeat(257), 'a b', 'é', 'a\n', 7, {}, ['a']])('rejects %j', (id) => {
    expect(rejectionOf(() => streamIdOf({ stream_id: id }))).toEqual(['websocket.invalid_stream_id', 'stream_id']);
  });
});

describe('requireResponseCreate', () => {
  it('accepts one type only', () => {
    expect(rejectionOf(() => requireResponseCreate({ type: 'response.create' }))).toBeUndefined();
    for (const type of [undefined, null, '', 'response.created', 'RESPONSE.CREATE', 7, {}])
      expect(rejectionOf(() => requireResponseCreate({ type }))).toEqual(['websocket.unknown_event_type', 'type']);
  });
});

describe('createMessageOf', () => {
  it('returns the body of a streamed request', () => {
    const fields = { type: 'response.create', stream_id: 'a', model: 'm', input: 'x', generate: false };
    expect(createMessageOf(fields)).toEqual({ body: { model: 'm', input: 'x', stream: true }, generates: false });
    expect(createMessageOf({ type: 'response.create', stream: true, background: false, generate: null })).toEqual({
      ...{ body: { stream: true, background: false }, generates: true },
    });
  });

  it.each([
    ['stream', false, 'request.unsupported_parameter'],
    ['stream', 'yes', 'request.unsupported_parameter'],
    ['background', true, 'request.unsupported_parameter'],
    ['x_detach', true, 'request.unsupported_parameter'],
    ['generate', 'no', 'request.invalid'],
    ['generate', 0, 'request.invalid'],
  ])('rejects %s: %j', (param, value, code) => {
    expect(rejectionOf(() => createMessageOf({ type: 'response.create', [param]: value }))).toEqual([code, param]);
  });
});
