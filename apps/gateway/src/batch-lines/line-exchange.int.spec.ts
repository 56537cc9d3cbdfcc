import { Controller, HttpCode, Module, Post, Req, Res } from '@nestjs/common';
import { AppError } from '@xerotier/errors';
import { createHttpApp, writeError } from '@xerotier/http';
import type { HttpApp } from '@xerotier/http';
import { capturedLog } from '@xerotier/log/testing';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { lineOf } from '../requests/batch-line.ts';
import { disconnectSignal } from '../requests/disconnect-signal.ts';
import { lineExchange } from './line-exchange.ts';

@Controller()
class Routes {
  @Post('returned')
  @HttpCode(200)
  returned(@Req() { body }: FastifyRequest): unknown {
    return { received: body };
  }

  @Post('sent')
  async sent(@Res() reply: FastifyReply): Promise<void> {
    await reply.code(201).headers({ 'x-own': 'a' }).type('text/plain').send('Grüße');
  }

  @Post('written')
  written(@Res() reply: FastifyReply): void {
    reply.hijack();
    const { raw } = reply;
    raw.setHeader('x-early', '1');
    raw.writeHead(202, { 'content-type': 'application/json', 'X-Late': '2' });
    raw.write('{"a":');
    raw.write(Buffer.from('1'));
    setImmediate(() => raw.end('}'));
  }

  @Post('rejected')
  rejected(): void {
    throw new AppError('request.invalid', { reason: 'No.' }, { param: 'body' });
  }

  @Post('failed-late')
  failedLate(@Res() reply: FastifyReply): void {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'application/json' });
    reply.raw.write('{');
    writeError(reply.raw, new AppError('inference.interrupted'));
  }

  @Post('hanging')
  hanging(@Res() reply: FastifyReply): void {
    reply.hijack();
    hanging = disconnectSignal(reply.raw);
  }
}

@Module({ controllers: [Routes] })
class RoutesModule {}

let app: HttpApp;
let fastify: FastifyInstance;
let hanging: AbortSignal | undefined;
const captured = capturedLog();

beforeAll(async () => {
  app = await createHttpApp(RoutesModule, { log: captured.log, bodyBytesMax: 1_000 });
  await app.nest.init();
  fastify = app.nest.getHttpAdapter().getInstance();
  await fastify.ready();
});
afterAll(() => app.close());

const line = { keyId: 'k', record: () => undefined, placed: () => undefined, counted: () => undefined };

async function exchanged(path: string, body: string): Promise<{ response: ServerResponse; body: string }> {
  const { request, response, body: written } = lineExchange(path, Buffer.from(body), line);
  const closed = once(response, 'close');
  fastify.routing(request, response);
  await closed;
  return { response, body: written().toString() };
}

/** What differs between two requests. */
const OWN = /req_[0-9a-f]+/g;

it.each([
  ['a returned object', '/returned', '{"a":[1,"ü"]}'],
  ['a duplicate key', '/returned', '{"a":1,"a":2}'],
  ['an empty body', '/returned', ''],
  ['a sent text', '/sent', '{}'],
  ['a response that is written', '/written', '{}'],
  ['a rejection', '/rejected', '{}'],
  ['a body that is not JSON', '/returned', '{"a"'],
  ['a body that is too large', '/returned', JSON.stringify('x'.repeat(2_000))],
  ['an unknown path', '/unknown', '{}'],
])('responds to %s as Fastify does to an injected request', async (_, path, body) => {
  const expected = await fastify.inject({
    method: 'POST',
    url: path,
    headers: { 'content-type': 'application/json' },
    payload: body,
  });
  const { response, body: text } = await exchanged(path, body);
  expect(response.statusCode).toBe(expected.statusCode);
  expect(text.replaceAll(OWN, 'id')).toBe(expected.body.replaceAll(OWN, 'id'));
  const { date: _date, connection: _connection, 'transfer-encoding': _encoding, ...headers } = expected.headers;
  const comparable = (value: unknown): string => String(value).replaceAll(OWN, 'id');
  for (const [name, value] of Object.entries(headers))
    expect([name, comparable(response.getHeader(name))]).toEqual([name, comparable(value)]);
  expect(response.writableFinished).toBe(true);
});

it('marks the request as a line', () => {
  expect(lineOf(lineExchange('/returned', Buffer.from('{}'), line).request)).toBe(line);
});

it('does not finish a response that fails in its middle', async () => {
  const { response } = await exchanged('/failed-late', '{}');
  expect([response.writableFinished, response.destroyed]).toEqual([false, true]);
});

it('tells the handler when nobody waits for the response any more', async () => {
  const { request, response } = lineExchange('/hanging', Buffer.from('{}'), line);
  fastify.routing(request, response);
  await new Promise((resolve) => setImmediate(resolve));
  expect(hanging?.aborted).toBe(false);
  response.destroy();
  await once(response, 'close');
  expect(hanging?.aborted).toBe(true);
  expect(captured.text()).toContain('client_closed');
  // What it writes from now on goes nowhere.
  response.end('late');
  expect(response.writableFinished).toBe(false);
});
