import { AppError } from '@xerotier/errors';
import { BODY_BYTES_MAX, errorOf, thingsApp } from '../test/things-app.ts';

const things = thingsApp();

/** A JSON text of exactly this many bytes. */
function jsonOf(bytes: number): string {
  return JSON.stringify('x'.repeat(bytes - 2));
}

describe('every response', () => {
  const requests: [number, string, () => Promise<Response>][] = [
    [200, 'a success', () => fetch(`${things.url}/things/1`)],
    [404, 'an unknown path', () => fetch(`${things.url}/nothing/here?key=hunter2`)],
    [405, 'a wrong method', () => fetch(`${things.url}/things/1`, { method: 'DELETE' })],
    [413, 'a body that is too large', () => things.post(jsonOf(BODY_BYTES_MAX + 1))],
    [415, 'a body of another type', () => things.post('a=b', { 'content-type': 'application/x-www-form-urlencoded' })],
    [400, 'a body that is not JSON', () => things.post('{')],
    [201, 'an empty body, which this handler accepts', () => things.post('')],
    [400, 'a path that cannot be decoded', () => fetch(`${things.url}/things/%zz`)],
    [400, 'a path segment that is too long', () => fetch(`${things.url}/things/${'x'.repeat(1_000)}`)],
    [503, 'a rejection', () => fetch(`${things.url}/failures/rejection`)],
    [500, 'a defect', () => fetch(`${things.url}/failures/defect`)],
  ];

  it.each(requests)('%i, to %s, has a unique request id and, for an error, the envelope', async (status, _, send) => {
    const [first, second] = [await send(), await send()];
    expect(first.status).toBe(status);
    expect(first.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
    expect(second.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
    expect(first.headers.get('content-type')).toMatch(/^application\/json/);
    if (status >= 400) {
      const error = await errorOf(first);
      expect(Object.keys(error)).toEqual(expect.arrayContaining(['message', 'type', 'param', 'code']));
      expect(JSON.stringify(error)).not.toContain('hunter2');
    }
  });

  it.each([
    ['malformed HTTP', 'GET / HTTP/1.1\r\nbad header\r\n\r\n'],
    ['too many headers', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`],
  ])('has the envelope for a request with %s', async (_, text) => {
    const response = await things.raw(text);
    expect(response).toMatch(/^HTTP\/1\.1 400 /);
    expect(response).toMatch(/x-request-id: req_/i);
    expect(JSON.parse(response.slice(response.indexOf('\r\n\r\n')))).toMatchObject({
      error: { code: 'invalid_request', param: null },
    });
  });

  it('does not reuse the request id of the client', async () => {
    const response = await fetch(`${things.url}/things/1`, { headers: { 'x-request-id': 'mine' } });
    expect(response.headers.get('x-request-id')).toMatch(/^req_/);
  });
});

describe('a request body', () => {
  it('is accepted up to the limit, and is 413 above it', async () => {
    const response = await things.post(jsonOf(BODY_BYTES_MAX));
    expect([response.status, ((await response.json()) as { body: string }).body.length]).toEqual([
      201,
      BODY_BYTES_MAX - 2,
    ]);
    const tooLarge = await things.post(jsonOf(BODY_BYTES_MAX + 1));
    expect(await errorOf(tooLarge)).toMatchObject({
      code: 'request_too_large',
      message: expect.stringContaining('4096 bytes'),
    });
  });

  it('without a length is limited too', async () => {
    const chunked = (bytes: number): string =>
      `POST /things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n${bytes.toString(16)}\r\n${jsonOf(bytes)}\r\n0\r\n\r\n`;
    expect(await things.raw(chunked(BODY_BYTES_MAX))).toMatch(/^HTTP\/1\.1 201 /);
    expect(await things.raw(chunked(BODY_BYTES_MAX + 1))).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('that is nested too deeply is 400, and the server keeps running', async () => {
    const response = await things.post('['.repeat(4_000));
    expect([response.status, (await errorOf(response))['code']]).toEqual([400, 'invalid_request']);
    expect((await fetch(`${things.url}/things/1`)).status).toBe(200);
  });

  it('cannot pollute prototypes', async () => {
    const response = await things.post('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
    expect(response.status).toBe(201);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('requires a content type, with an optional charset', async () => {
    expect((await things.post('{}', { 'content-type': 'application/json; charset=utf-8' })).status).toBe(201);
    const untyped = 'POST /things HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}';
    expect(await things.raw(untyped)).toMatch(/^HTTP\/1\.1 415 /);
    expect((await things.post('{}', { 'content-type': 'text/plain' })).status).toBe(415);
  });
});

describe('an error of a handler', () => {
  it('is returned as it is when it is an AppError, with Retry-After', async () => {
    const response = await fetch(`${things.url}/failures/rejection`);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '3']);
    expect(await errorOf(response)).toEqual({
      message: "No worker serves the model 'm' right now.",
      type: 'service_unavailable',
      param: 'model',
      code: 'no_worker_available',
      retry_after: 3,
      retry_strategy: 'exponential',
    });
  });

  it.each(['defect', 'framework', 'library', 'text', 'nothing', 'null'])(
    'that is another value (%s) is returned as internal, and logged',
    async (name) => {
      const response = await fetch(`${things.url}/failures/${name}`);
      const body = await response.text();
      expect([response.status, JSON.parse(body)]).toEqual([
        500,
        { error: expect.objectContaining({ code: 'internal_error' }) },
      ]);
      expect(body).not.toMatch(/secret/);
      expect(things.logged.lines()).toContainEqual(
        expect.objectContaining({ level: 'error', msg: 'unhandled request error' }),
      );
    },
  );

  it('is not logged as a defect when it is an AppError', async () => {
    await fetch(`${things.url}/failures/rejection`);
    await things.accessLines(1);
    expect(things.logged.text()).not.toContain('unhandled request error');
  });

  it('destroys the connection when the response has begun', async () => {
    const response = await things.raw('GET /late-failure HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(response).toContain('begun');
    expect(response).not.toContain('\r\n0\r\n\r\n');
    expect(response).not.toContain('internal_error');
  });
});

describe('the access log', () => {
  it('has one line per request, with the route pattern but no path or query', async () => {
    await fetch(`${things.url}/things/4711?key=hunter2`);
    const [line] = await things.accessLines(1);
    expect(line).toMatchObject({
      method: 'GET',
      route: '/things/:id',
      status: 200,
      requestId: expect.stringMatching(/^req_/),
      durationMs: expect.any(Number),
    });
    expect(things.logged.text()).not.toMatch(/4711|hunter2/);
  });

  it('has the status of an error, and no unknown path', async () => {
    await fetch(`${things.url}/nothing/4711?key=hunter2`);
    const [line] = await things.accessLines(1);
    expect(line).toMatchObject({ route: '(none)', status: 404 });
    expect(things.logged.text()).not.toMatch(/4711|hunter2/);
  });

  it('has a line for a path that cannot be decoded', async () => {
    await fetch(`${things.url}/things/%zz`);
    expect((await things.accessLines(1))[0]).toMatchObject({ route: '(none)', status: 400 });
  });
});

describe('the request context', () => {
  const parent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const contextOf = async (headers: Record<string, string>): Promise<{ requestId: string; traceparent: string }> => {
    const response = await fetch(`${things.url}/things/1`, { headers });
    const { context } = (await response.json()) as { context: { requestId: string; traceparent: string } };
    expect(context.requestId).toBe(response.headers.get('x-request-id'));
    return context;
  };

  it('continues the trace of the client', async () => {
    expect((await contextOf({ traceparent: parent })).traceparent).toBe(parent);
  });

  it('accepts a later version of the header', async () => {
    expect((await contextOf({ traceparent: `01${parent.slice(2)}-x` })).traceparent).toBe(parent);
  });

  it.each(['', 'x', parent.toUpperCase(), `ff${parent.slice(2)}`, `${parent}-x`, parent.replaceAll('a', '0')])(
    'starts a new trace instead of %p',
    async (traceparent) => {
      const begun = (await contextOf({ traceparent })).traceparent;
      expect(begun).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      expect(begun).not.toBe(parent);
    },
  );
});

describe('the onRequest hook', () => {
  it('rejects a request before the body is read', async () => {
    await things.restart({
      onRequest: (request) => {
        if (request.headers.authorization === undefined) throw new AppError('auth.missing_key');
      },
    });
    const rejected = await things.post('{ this is not JSON');
    expect([rejected.status, (await errorOf(rejected))['code']]).toEqual([401, 'invalid_api_key']);
    expect(rejected.headers.get('www-authenticate')).toBe('Bearer realm="xerotier"');
    expect(rejected.headers.get('x-request-id')).toMatch(/^req_/);
    const allowed = await things.post('{}', { 'content-type': 'application/json', authorization: 'x' });
    expect(allowed.status).toBe(201);
  });
});
