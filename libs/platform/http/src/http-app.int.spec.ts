import 'reflect-metadata';
import { Body, Controller, Get, HttpException, Module, Param, Post, Res } from '@nestjs/common';
import { AppError } from '@xerotier/errors';
import { logContext } from '@xerotier/log';
import { capturedLog } from '@xerotier/log/testing';
import { eventually } from '@xerotier/testing';
import type { FastifyReply } from 'fastify';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { createHttpApp } from './http-app.ts';
import type { HttpApp, HttpAppOptions } from './http-app.ts';

const BODY_BYTES_MAX = 4_096;

const FAILURES: Record<string, () => unknown> = {
  refusal: () => new AppError('router.no_worker', { model: 'm' }, { retryAfterSeconds: 2.5, param: 'model' }),
  defect: () => new TypeError('secret path /etc/shadow'),
  framework: () => new HttpException('secret detail', 418),
  library: () => Object.assign(new Error('secret detail'), { code: 'ECONNREFUSED' }),
  text: () => 'secret text',
  nothing: () => undefined,
  null: () => null,
};

const open: FastifyReply['raw'][] = [];

@Controller()
class ThingsController {
  @Get('things/:id')
  find(@Param('id') id: string): object {
    return { id, context: logContext() };
  }

  @Post('things')
  create(@Body() body: unknown): object {
    return { body };
  }

  @Get('trees/*')
  branch(@Param('*') path: string): object {
    return { path };
  }

  @Get('failures/:name')
  fail(@Param('name') name: string): never {
    throw FAILURES[name]?.();
  }

  @Get('late-failure')
  async failLate(@Res() reply: FastifyReply): Promise<void> {
    reply.raw.writeHead(200).write('begun');
    await new Promise((resolve) => setImmediate(resolve));
    throw new AppError('internal');
  }

  @Get('stream')
  stream(@Res() reply: FastifyReply): void {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/plain' });
    reply.raw.write('begun ');
    open.push(reply.raw);
  }
}

@Module({ controllers: [ThingsController] })
class ThingsModule {}

let app: HttpApp;
let url: string;
let port: number;
let logged: ReturnType<typeof capturedLog>;

async function start(options: Partial<HttpAppOptions> = {}): Promise<void> {
  logged = capturedLog();
  app = await createHttpApp(ThingsModule, { log: logged.log, bodyBytesMax: BODY_BYTES_MAX, ...options });
  port = await app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${port}`;
}

beforeEach(() => start());
afterEach(async () => {
  open.length = 0;
  await app.close();
});

/** Sends text as it is and returns everything that comes back until the server closes. */
async function raw(text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(text);
  return textOf(socket);
}

async function textOf(socket: Socket): Promise<string> {
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  await once(socket, 'close');
  return received;
}

function post(
  body: string,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<Response> {
  return fetch(`${url}/things`, { method: 'POST', body, headers });
}

/** A JSON text of exactly so many bytes. */
function jsonOf(bytes: number): string {
  return JSON.stringify('x'.repeat(bytes - 2));
}

async function errorOf(response: Response): Promise<Record<string, unknown>> {
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  return error;
}

/** The access log's lines; the last is written when the connection is done with it. */
async function accessLines(count: number): Promise<Record<string, unknown>[]> {
  return eventually('the access log has the lines', () => {
    const lines = logged.lines().filter(({ msg }) => msg === 'request');
    return lines.length >= count ? lines : undefined;
  });
}

describe('every answer', () => {
  const requests: [number, string, () => Promise<Response>][] = [
    [200, 'a success', () => fetch(`${url}/things/1`)],
    [404, 'an unknown path', () => fetch(`${url}/nothing/here?key=hunter2`)],
    [405, 'a wrong method', () => fetch(`${url}/things/1`, { method: 'DELETE' })],
    [413, 'a body that is too large', () => post(jsonOf(BODY_BYTES_MAX + 1))],
    [415, 'a body of another type', () => post('a=b', { 'content-type': 'application/x-www-form-urlencoded' })],
    [400, 'a body that is no JSON', () => post('{')],
    [201, 'a body without bytes, which this handler can do without', () => post('')],
    [400, 'a path that cannot be decoded', () => fetch(`${url}/things/%zz`)],
    [400, 'a name in the path that is too long', () => fetch(`${url}/things/${'x'.repeat(1_000)}`)],
    [503, 'a refusal', () => fetch(`${url}/failures/refusal`)],
    [500, 'a defect', () => fetch(`${url}/failures/defect`)],
  ];

  it.each(requests)(
    '%i, to %s, has an id of its own and, when it is an error, the one envelope',
    async (status, _, send) => {
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
    },
  );

  it.each([
    ['no HTTP', 'GET / HTTP/1.1\r\nbad header\r\n\r\n'],
    ['too many headers', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`],
  ])('to a request of %s is the envelope too', async (_, text) => {
    const answer = await raw(text);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toMatch(/x-request-id: req_/i);
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({
      error: { code: 'invalid_request', param: null },
    });
  });

  it('does not take its id from the client', async () => {
    const response = await fetch(`${url}/things/1`, { headers: { 'x-request-id': 'mine' } });
    expect(response.headers.get('x-request-id')).toMatch(/^req_/);
  });
});

describe('a path', () => {
  const asked = async (target: string): Promise<{ status: string; body: unknown }> => {
    const answer = await raw(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    return { status: answer.slice(9, 12), body: JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as unknown };
  };

  it.each(['/things/1/', '//things/1', '/things//1', '///things///1///', '/things/1/?a=//b/', 'http://y/things/1/'])(
    'is the same with further slashes: %s',
    async (target) => {
      expect(await asked(target)).toMatchObject({ status: '200', body: { id: '1' } });
    },
  );

  it('below a route that takes any path is the same with further slashes', async () => {
    expect(await asked('/trees//oak//left/')).toMatchObject({ status: '200', body: { path: 'oak/left' } });
  });

  it.each(['/things%2F1', '/things/1%2F2/3', '/things/1/2', '/things\\1', '/things/./1', '/things/../things/1'])(
    'is another one when its slashes are encoded or it has more parts: %s',
    async (target) => {
      expect(await asked(target)).toMatchObject({ status: '404', body: { error: { code: 'unknown_url' } } });
    },
  );

  it('keeps an encoded slash inside a name', async () => {
    expect(await asked('/things/a%2Fb/')).toMatchObject({ status: '200', body: { id: 'a/b' } });
  });

  it('with further slashes has the same methods', async () => {
    const response = await fetch(`${url}//things/1/`, { method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('that is not there is told with the hint of the application, and otherwise with where to look', async () => {
    const messageOf = async (): Promise<unknown> =>
      (await errorOf(await fetch(`${url}/nothing//here/?key=1`)))['message'];
    expect(await messageOf()).toBe('Unknown request URL: GET /nothing/here. Check the method and the path.');
    await app.close();
    await start({ unknownUrlHint: (path) => `${path}, really?` });
    expect(await messageOf()).toBe('Unknown request URL: GET /nothing/here. /nothing/here, really?');
  });
});

describe('an application that rewrites URLs', () => {
  const rewriteUrl = (host: string | undefined, path: string): string => `/things/${host ?? 'none'}${path}`;
  const hostOf = async (...headers: string[]): Promise<unknown> => {
    const answer = await raw(['GET /x HTTP/1.1', ...headers, 'connection: close', '', ''].join('\r\n'));
    return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
  };
  const restart = async (options: Partial<HttpAppOptions>): Promise<void> => {
    await app.close();
    await start({ rewriteUrl: (host) => `/things/${encodeURIComponent(host ?? 'none')}`, ...options });
  };

  it('routes the new one, and names it in errors', async () => {
    await restart({ rewriteUrl });
    expect(await hostOf('host: a')).toMatchObject({ error: { message: expect.stringContaining('/things/a/x') } });
  });

  it('goes by the Host header, and not by what a client says that it was', async () => {
    await restart({});
    expect(await hostOf('host: a:80', 'x-forwarded-host: b')).toMatchObject({ id: 'a:80' });
    expect(await hostOf('host: a', 'forwarded: host=b', 'x-host: b')).toMatchObject({ id: 'a' });
  });

  it('goes by what its proxy says when there is one: the last that was appended', async () => {
    await restart({ trustedProxies: 1 });
    expect(await hostOf('host: a', 'x-forwarded-host: b')).toMatchObject({ id: 'b' });
    expect(await hostOf('host: a', 'x-forwarded-host: c, b')).toMatchObject({ id: 'b' });
    expect(await hostOf('host: a', 'x-forwarded-host: c', 'x-forwarded-host: b')).toMatchObject({ id: 'b' });
    expect(await hostOf('host: a')).toMatchObject({ id: 'a' });
  });
});

describe('a wrong method', () => {
  it('is told the right ones', async () => {
    const response = await fetch(`${url}/things/1`, { method: 'POST' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
    expect(await errorOf(response)).toMatchObject({
      code: 'method_not_allowed',
      message: 'POST is not allowed on /things/1.',
    });
  });

  it('is told the right ones below a path that ends in anything', async () => {
    const response = await fetch(`${url}/trees/oak/left`, { method: 'DELETE' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('on a path that is not there is 404 without any', async () => {
    for (const path of ['/thing/1', '/things/1/2', '/things', '/tree/oak', '/', '/*']) {
      const response = await fetch(url + path, { method: 'PUT' });
      expect([path, response.status]).toEqual([path, path === '/things' ? 405 : 404]);
      if (path !== '/things') expect(response.headers.get('allow')).toBeNull();
    }
  });
});

describe('a body', () => {
  it('of exactly the limit is read, and one byte more is 413', async () => {
    const response = await post(jsonOf(BODY_BYTES_MAX));
    expect([response.status, ((await response.json()) as { body: string }).body.length]).toEqual([
      201,
      BODY_BYTES_MAX - 2,
    ]);
    const tooLarge = await post(jsonOf(BODY_BYTES_MAX + 1));
    expect(await errorOf(tooLarge)).toMatchObject({
      code: 'request_too_large',
      message: expect.stringContaining('4096 bytes'),
    });
  });

  it('without a length is measured as it comes', async () => {
    const chunked = (bytes: number): string =>
      `POST /things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n${bytes.toString(16)}\r\n${jsonOf(bytes)}\r\n0\r\n\r\n`;
    expect(await raw(chunked(BODY_BYTES_MAX))).toMatch(/^HTTP\/1\.1 201 /);
    expect(await raw(chunked(BODY_BYTES_MAX + 1))).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('that is nested too deeply is 400, and the server goes on', async () => {
    const response = await post('['.repeat(4_000));
    expect([response.status, (await errorOf(response))['code']]).toEqual([400, 'invalid_request']);
    expect((await fetch(`${url}/things/1`)).status).toBe(200);
  });

  it('cannot give anything a prototype', async () => {
    const response = await post('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
    expect(response.status).toBe(201);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('may say its character set, and must say its type', async () => {
    expect((await post('{}', { 'content-type': 'application/json; charset=utf-8' })).status).toBe(201);
    const untyped = 'POST /things HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}';
    expect(await raw(untyped)).toMatch(/^HTTP\/1\.1 415 /);
    expect((await post('{}', { 'content-type': 'text/plain' })).status).toBe(415);
  });
});

describe('an error of a handler', () => {
  it('that is a refusal is told as it is, with the time to come again', async () => {
    const response = await fetch(`${url}/failures/refusal`);
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
    'that is none (%s) is told as nothing but internal, and logged',
    async (name) => {
      const response = await fetch(`${url}/failures/${name}`);
      const body = await response.text();
      expect([response.status, JSON.parse(body)]).toEqual([
        500,
        { error: expect.objectContaining({ code: 'internal_error' }) },
      ]);
      expect(body).not.toMatch(/secret/);
      expect(logged.lines()).toContainEqual(expect.objectContaining({ level: 'error', msg: 'a request failed' }));
    },
  );

  it('that is a refusal is no defect, and not logged as one', async () => {
    await fetch(`${url}/failures/refusal`);
    await accessLines(1);
    expect(logged.text()).not.toContain('a request failed');
  });

  it('after the answer has begun cuts the connection, so that nobody takes it for whole', async () => {
    const answer = await raw('GET /late-failure HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(answer).toContain('begun');
    expect(answer).not.toContain('\r\n0\r\n\r\n');
    expect(answer).not.toContain('internal_error');
  });
});

describe('the access log', () => {
  it('has one line per request, with the pattern of its route and neither path nor query', async () => {
    await fetch(`${url}/things/4711?key=hunter2`);
    const [line] = await accessLines(1);
    expect(line).toMatchObject({
      method: 'GET',
      route: '/things/:id',
      status: 200,
      requestId: expect.stringMatching(/^req_/),
      durationMs: expect.any(Number),
    });
    expect(logged.text()).not.toMatch(/4711|hunter2/);
  });

  it('has the status of an error, and no path of what is not there', async () => {
    await fetch(`${url}/nothing/4711?key=hunter2`);
    const [line] = await accessLines(1);
    expect(line).toMatchObject({ route: '(none)', status: 404 });
    expect(logged.text()).not.toMatch(/4711|hunter2/);
  });

  it('has a line for a path that cannot be decoded', async () => {
    await fetch(`${url}/things/%zz`);
    expect((await accessLines(1))[0]).toMatchObject({ route: '(none)', status: 400 });
  });
});

describe('the context of a request', () => {
  const parent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const contextOf = async (headers: Record<string, string>): Promise<{ requestId: string; traceparent: string }> => {
    const response = await fetch(`${url}/things/1`, { headers });
    const { context } = (await response.json()) as { context: { requestId: string; traceparent: string } };
    expect(context.requestId).toBe(response.headers.get('x-request-id'));
    return context;
  };

  it('goes on with the trace of the client', async () => {
    expect((await contextOf({ traceparent: parent })).traceparent).toBe(parent);
  });

  it.each(['', 'x', parent.toUpperCase(), `01${parent.slice(2)}`, `${parent}-x`])(
    'begins a trace instead of %p',
    async (traceparent) => {
      const begun = (await contextOf({ traceparent })).traceparent;
      expect(begun).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      expect(begun).not.toBe(parent);
    },
  );
});

describe("the client's own id of a request", () => {
  const clientRequestIdOf = async (headers: Record<string, string>): Promise<unknown> => {
    const response = await fetch(`${url}/things/1`, { headers });
    expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
    return ((await response.json()) as { context: { clientRequestId?: string } }).context.clientRequestId;
  };

  it.each(['x-client-request-id', 'x-request-id', 'X-Request-Id'])('is taken from %s, and logged', async (name) => {
    const longest = `${'~'.repeat(510)} a`;
    expect([await clientRequestIdOf({ [name]: 'mine' }), await clientRequestIdOf({ [name]: longest })]).toEqual([
      'mine',
      longest,
    ]);
    expect((await accessLines(2)).map(({ clientRequestId }) => clientRequestId)).toEqual(['mine', longest]);
  });

  it('is that of X-Client-Request-Id where there are both', async () => {
    expect(await clientRequestIdOf({ 'x-request-id': 'theirs', 'x-client-request-id': 'mine' })).toBe('mine');
  });

  it('is none where there is none, and where a proxy wrote something else into X-Request-ID', async () => {
    for (const headers of [
      {},
      { 'x-request-id': '' },
      { 'x-request-id': 'x'.repeat(513) },
      { 'x-request-id': 'a\tb' },
      { 'x-request-id': '\u00e9' },
    ])
      expect(await clientRequestIdOf(headers as Record<string, string>)).toBeUndefined();
  });

  it.each(['x'.repeat(513), 'a\tb', '\u00e9'])(
    'that does not fit (%#) is refused, and logged without it',
    async (id) => {
      const response = await fetch(`${url}/things/1`, { headers: { 'x-client-request-id': id } });
      expect([response.status, await errorOf(response)]).toMatchObject([
        400,
        { code: 'invalid_request', param: 'X-Client-Request-Id' },
      ]);
      expect(response.headers.get('x-request-id')).toMatch(/^req_/);
      const [line] = await accessLines(1);
      expect(line).toMatchObject({ status: 400, errorCode: 'request.invalid' });
      expect(line).not.toHaveProperty('clientRequestId');
    },
  );
});

describe('the hook before the body', () => {
  it('refuses before the body is read', async () => {
    await app.close();
    await start({
      onRequest: (request) => {
        if (request.headers.authorization === undefined) throw new AppError('auth.missing_key');
      },
    });
    const refused = await post('{ this is not JSON');
    expect([refused.status, (await errorOf(refused))['code']]).toEqual([401, 'invalid_api_key']);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="xerotier"');
    expect(refused.headers.get('x-request-id')).toMatch(/^req_/);
    const allowed = await post('{}', { 'content-type': 'application/json', authorization: 'x' });
    expect(allowed.status).toBe(201);
  });
});

describe('a client that does not read the end of its answer', () => {
  const ANSWER = 'x'.repeat(20_000_000);

  async function ended(socket: Socket): Promise<void> {
    socket.on('error', () => undefined).write('GET /stream HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually('the answer has begun', () => open.length === 1);
    open[0]?.end(ANSWER);
  }

  beforeEach(async () => {
    await app.close();
    await start({ unreadAnswerMs: 300 });
  });

  it('is given up', async () => {
    const client = connect(port, '127.0.0.1').pause();
    await ended(client);
    await eventually('the connection is cut', () => open[0]?.destroyed === true || open[0]?.closed === true);
    expect(open[0]?.writableFinished).toBe(false);
    client.destroy();
  });

  it('gets all of it as long as it reads, however slowly', async () => {
    const client = connect(port, '127.0.0.1').pause();
    await ended(client);
    // Already there when the first answer is read, and it may take longer than that to be answered.
    client.write('GET /stream HTTP/1.1\r\nhost: x\r\n\r\n');
    let bytes = 0;
    client.on('data', (part: Buffer) => {
      bytes += part.length;
      client.pause();
      setTimeout(() => client.resume(), 3);
    });
    client.resume();
    await eventually('all is read', () => bytes > ANSWER.length, 60_000);
    await eventually('the second answer has begun', () => open.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(client.destroyed).toBe(false);
    expect(open[1]?.destroyed).toBe(false);
    client.destroy();
  });
});

describe('an application that goes away', () => {
  it('lets open answers finish, tells their clients to close, and takes no new connection', async () => {
    const before = connect(port, '127.0.0.1');
    const everything = textOf(before);
    before.write('GET /stream HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually('the answer has begun', () => open.length === 1);
    app.stopAccepting();
    await expect(fetch(`${url}/things/1`)).rejects.toThrow();
    open[0]?.end('and finished');
    // On the connection that it has, a client may still ask; it is told to ask elsewhere next time.
    before.write('GET /things/1 HTTP/1.1\r\nhost: x\r\n\r\n');
    const text = await everything;
    expect(text).toContain('and finished');
    const second = text.slice(text.lastIndexOf('HTTP/1.1'));
    expect(second).toMatch(/^HTTP\/1\.1 200 /);
    expect(second).toMatch(/connection: close/i);
  });

  it('lets go of idle connections', async () => {
    const idle = connect(port, '127.0.0.1');
    const everything = textOf(idle);
    idle.write('GET /things/1 HTTP/1.1\r\nhost: x\r\n\r\n');
    await accessLines(1);
    app.stopAccepting();
    expect(await everything).toContain('"id":"1"');
  });

  it('sends what slow clients have not read yet before it is closed', async () => {
    const slow = connect(port, '127.0.0.1').pause();
    slow.write('GET /stream HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually('the answer has begun', () => open.length === 1);
    const answer = 'x'.repeat(20_000_000);
    open[0]?.end(answer);
    app.stopAccepting();
    const closed = app.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const everything = textOf(slow);
    slow.resume();
    expect((await everything).length).toBeGreaterThan(answer.length);
    await closed;
  });

  it('ends with its last connection when it is closed, and may be closed without having stopped before', async () => {
    const client = connect(port, '127.0.0.1').on('error', () => undefined);
    const everything = textOf(client);
    client.write('GET /stream HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually('the answer has begun', () => open.length === 1);
    await app.close();
    expect(await everything).toContain('begun');
    await expect(fetch(`${url}/things/1`)).rejects.toThrow();
  });
});
