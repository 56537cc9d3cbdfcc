import 'reflect-metadata';
import { Controller, Get, Module, Post, Res } from '@nestjs/common';
import { AppError } from '@xerotier/errors';
import { capturedLog } from '@xerotier/log/testing';
import type { FastifyReply } from 'fastify';
import { ChunkedBody } from './chunked-body.ts';
import type { CorsOptions } from './cors.ts';
import { createHttpApp } from './http-app.ts';
import type { HttpApp } from './http-app.ts';

const PAGE = 'https://app.example.com';
const EXPOSED = ['X-Request-ID', 'Retry-After'];

@Controller()
class ThingsController {
  @Get('things')
  list(): object {
    return { things: [] };
  }

  @Post('things')
  create(): never {
    throw new AppError('router.no_worker', { model: 'm' });
  }

  @Get('stream')
  stream(@Res() reply: FastifyReply): void {
    reply.hijack();
    const body = new ChunkedBody(reply.raw, () => undefined);
    body.begin(200, { 'content-type': 'text/event-stream' });
    body.end('data: [DONE]\n\n');
  }
}

@Module({ controllers: [ThingsController] })
class ThingsModule {}

let app: HttpApp;
afterEach(() => app.close());

async function start(cors: CorsOptions | undefined): Promise<string> {
  app = await createHttpApp(ThingsModule, {
    log: capturedLog().log,
    bodyBytesMax: 1_024,
    ...(cors !== undefined && { cors }),
    // Like the check of an API key: preflight requests have none.
    onRequest: ({ headers }) => {
      if (headers.authorization === undefined) throw new AppError('auth.missing_key');
    },
  });
  return `http://127.0.0.1:${await app.listen(0, '127.0.0.1')}`;
}

function preflight(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'OPTIONS',
    headers: { origin: PAGE, 'access-control-request-method': 'POST', ...headers },
  });
}

function request(url: string, origin: string | undefined, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { headers: { authorization: 'x', ...(origin !== undefined && { origin }) }, ...init });
}

function corsHeaders({ headers }: Response): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'));
}

describe('CORS without allowed origins', () => {
  it('adds no headers, and does not handle OPTIONS', async () => {
    const url = await start(undefined);
    expect(corsHeaders(await request(`${url}/things`, PAGE))).toEqual({});
    const response = await request(`${url}/things`, PAGE, {
      method: 'OPTIONS',
      headers: { origin: PAGE, authorization: 'x', 'access-control-request-method': 'POST' },
    });
    expect([response.status, corsHeaders(response)]).toEqual([405, {}]);
    expect((await preflight(`${url}/things`)).status).toBe(401);
  });
});

describe('a preflight request', () => {
  it('succeeds without a key, for every path, and lists allowed methods and headers', async () => {
    const url = await start({ origins: [PAGE], exposedHeaders: EXPOSED });
    for (const path of ['/things', '/nothing/here']) {
      const response = await preflight(url + path, {
        'access-control-request-headers': 'authorization, content-type,x-stainless-os',
      });
      expect([response.status, await response.text()]).toEqual([204, '']);
      expect(corsHeaders(response)).toEqual({
        'access-control-allow-origin': PAGE,
        'access-control-allow-methods': 'GET, HEAD, POST',
        'access-control-allow-headers': 'authorization, content-type,x-stainless-os',
        'access-control-max-age': '600',
        vary: 'Origin, Access-Control-Request-Headers',
      });
      expect(response.headers.get('x-request-id')).toMatch(/^req_/);
    }
  });

  it('from another origin is not allowed', async () => {
    const url = await start({ origins: [PAGE], exposedHeaders: EXPOSED });
    for (const origin of ['https://evil.example.com', `${PAGE}.evil.com`, 'http://app.example.com', 'null']) {
      const response = await preflight(`${url}/things`, { origin });
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      expect(response.headers.get('access-control-allow-headers')).toBeNull();
    }
  });

  it('does not echo an invalid list of headers', async () => {
    const url = await start({ origins: '*', exposedHeaders: EXPOSED });
    for (const names of ['a b', 'a;b', '"x"', 'x'.repeat(5_000)]) {
      const response = await preflight(`${url}/things`, { 'access-control-request-headers': names });
      expect([response.status, response.headers.get('access-control-allow-headers')]).toEqual([204, null]);
    }
  });

  it('requires a method and an origin', async () => {
    const url = await start({ origins: '*', exposedHeaders: EXPOSED });
    const plain = await fetch(`${url}/things`, { method: 'OPTIONS', headers: { origin: PAGE, authorization: 'x' } });
    expect([plain.status, plain.headers.get('access-control-allow-origin')]).toEqual([405, '*']);
    const pageless = { 'access-control-request-method': 'POST', authorization: 'x' };
    expect((await fetch(`${url}/things`, { method: 'OPTIONS', headers: pageless })).status).toBe(405);
  });
});

describe('a cross-origin response', () => {
  const responses: [number, string, (url: string) => Promise<Response>][] = [
    [200, 'a success', (url) => request(`${url}/things`, PAGE)],
    [200, 'a stream that is written past the framework', (url) => request(`${url}/stream`, PAGE)],
    [503, 'an error of a handler', (url) => request(`${url}/things`, PAGE, { method: 'POST' })],
    [401, 'a rejection before the handler', (url) => fetch(`${url}/things`, { headers: { origin: PAGE } })],
    [404, 'an unknown path', (url) => request(`${url}/nothing`, PAGE)],
    [405, 'a wrong method', (url) => request(`${url}/things`, PAGE, { method: 'DELETE' })],
    [400, 'a path that cannot be decoded', (url) => request(`${url}/%zz`, PAGE)],
  ];

  it.each(responses)('%i, of %s, is readable by an allowed origin, with its headers', async (status, _, send) => {
    const response = await send(await start({ origins: ['https://other.example.com', PAGE], exposedHeaders: EXPOSED }));
    expect(response.status).toBe(status);
    expect(corsHeaders(response)).toEqual({
      'access-control-allow-origin': PAGE,
      'access-control-expose-headers': 'X-Request-ID, Retry-After',
      vary: 'Origin',
    });
    await response.text();
  });

  it('is readable by any origin when all are allowed, without credentials', async () => {
    const url = await start({ origins: '*', exposedHeaders: EXPOSED });
    for (const origin of [PAGE, 'null', 'https://evil.example.com']) {
      for (const response of [await request(`${url}/stream`, origin), await preflight(`${url}/things`, { origin })]) {
        expect(response.headers.get('access-control-allow-origin')).toBe('*');
        expect(response.headers.get('access-control-allow-credentials')).toBeNull();
        await response.text();
      }
    }
  });

  it('is not readable by another origin, and varies by origin', async () => {
    const url = await start({ origins: [PAGE], exposedHeaders: EXPOSED });
    for (const origin of ['https://evil.example.com', PAGE.toUpperCase(), `${PAGE}:8443`, 'null', undefined])
      expect(corsHeaders(await request(`${url}/things`, origin))).toEqual({ vary: 'Origin' });
  });
});
