import 'reflect-metadata';
import { Controller, Get, Module, Param, Req, Res } from '@nestjs/common';
import { AppError } from '@xerotier/errors';
import type { ErrorCode } from '@xerotier/contracts/errors';
import { capturedLog } from '@xerotier/log/testing';
import { eventually } from '@xerotier/testing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { connect } from 'node:net';
import { holdLogLine, millisecondsSinceArrival, noteError, noteForLog } from './access-log.ts';
import { createHttpApp } from './http-app.ts';
import type { HttpApp } from './http-app.ts';

const open: FastifyReply['raw'][] = [];
let release: (() => void) | undefined;

@Controller()
class ThingsController {
  @Get('things/:id')
  find(@Req() request: FastifyRequest): object {
    noteForLog(request.raw, { model: 'tiny' });
    noteForLog(request.raw, { worker: 'w1', promptTokens: 3 });
    return {};
  }

  @Get('failures/:code')
  fail(@Param('code') code: ErrorCode): never {
    const cause = new AppError('bus.timeout', { subject: 'x' });
    throw new AppError(code, { model: 'm', path: 'p', method: 'm', hint: 'h' }, { cause });
  }

  @Get('stream')
  stream(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    noteForLog(request.raw, { projectId: 'proj_1' });
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/plain' });
    reply.raw.write('begun ');
    open.push(reply.raw);
  }

  @Get('held')
  held(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    release = holdLogLine(request.raw);
    this.stream(request, reply);
  }

  @Get('silent')
  silent(@Res() reply: FastifyReply): void {
    reply.hijack();
    open.push(reply.raw);
  }
}

@Module({ controllers: [ThingsController] })
class ThingsModule {}

let app: HttpApp;
let url: string;
let port: number;
let logged: ReturnType<typeof capturedLog>;

beforeEach(async () => {
  logged = capturedLog();
  app = await createHttpApp(ThingsModule, { log: logged.log, bodyBytesMax: 1_024 });
  port = await app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${port}`;
});
afterEach(async () => {
  open.length = 0;
  release = undefined;
  await app.close();
});

const lines = (): Record<string, unknown>[] => logged.lines().filter(({ msg }) => msg === 'request completed');

/** Returns the one line of the access log; it is written when the response is closed. */
function line(): Promise<Record<string, unknown>> {
  return eventually('the line is written', () => lines()[0]);
}

/** Disconnects once the response has begun. */
async function disconnectFrom(path: string): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
  await eventually('the response has begun', () => open.length === 1);
  socket.destroy();
  await eventually('the connection is closed', () => open[0]?.closed === true);
}

describe('the access log line', () => {
  it('of a success has the noted fields and the outcome', async () => {
    await fetch(`${url}/things/1`);
    expect(await line()).toMatchObject({
      level: 'info',
      status: 200,
      outcome: 'completed',
      model: 'tiny',
      worker: 'w1',
      promptTokens: 3,
    });
    expect(await line()).not.toHaveProperty('errorCode');
  });

  it.each<[ErrorCode, number, string]>([
    ['model.not_found', 404, 'info'],
    ['limits.requests_exceeded', 429, 'info'],
    ['internal', 500, 'warn'],
    ['router.no_worker', 503, 'warn'],
    ['inference.deadline_exceeded', 504, 'warn'],
  ])('of an error has its code: %s (%i) at the level %s', async (code, status, level) => {
    await fetch(`${url}/failures/${code}`);
    expect(await line()).toMatchObject({ level, status, outcome: 'failed', errorCode: code });
  });

  it('of a 5xx has the code of its cause, and no message', async () => {
    await fetch(`${url}/failures/auth.unavailable`);
    expect(await line()).toMatchObject({ errorCode: 'auth.unavailable', causeCode: 'bus.timeout' });
    await fetch(`${url}/failures/model.not_found`);
    await eventually('the second line is written', () => lines().length === 2);
    expect(lines()[1]).not.toHaveProperty('causeCode');
  });

  it('of a request that is rejected before a handler has the error code', async () => {
    await fetch(`${url}/nothing`);
    expect(await line()).toMatchObject({ route: '(none)', status: 404, errorCode: 'route.not_found' });
  });

  it('of a stream that fails after it began has the error code beside status 200', async () => {
    const response = await fetch(`${url}/stream`);
    noteError(open[0]!.req, new AppError('inference.engine_failed'));
    open[0]?.end('an error event');
    await response.text();
    expect(await line()).toMatchObject({
      level: 'warn',
      status: 200,
      outcome: 'failed',
      errorCode: 'inference.engine_failed',
      projectId: 'proj_1',
    });
  });

  it('has the first of several errors', async () => {
    const response = await fetch(`${url}/stream`);
    noteError(open[0]!.req, new AppError('inference.interrupted'));
    noteError(open[0]!.req, new AppError('inference.cancelled'));
    open[0]?.end();
    await response.text();
    expect(await line()).toMatchObject({ errorCode: 'inference.interrupted' });
  });

  it('of a disconnected client has the outcome and the noted fields', async () => {
    await disconnectFrom('/stream');
    expect(await line()).toMatchObject({ level: 'info', route: '/stream', status: 200, outcome: 'client_closed' });
  });

  it('of a client that disconnected before the response has status 499', async () => {
    await disconnectFrom('/silent');
    expect(await line()).toMatchObject({ status: 499, outcome: 'client_closed' });
  });

  it('is held until released, and written once', async () => {
    await disconnectFrom('/held');
    expect(lines()).toEqual([]);
    noteForLog(open[0]!.req, { completionTokens: 7 });
    release?.();
    expect(await line()).toMatchObject({ outcome: 'client_closed', completionTokens: 7 });
    release?.();
    expect(lines()).toHaveLength(1);
  });

  it('is written at the end of the response when it was released before', async () => {
    const response = await fetch(`${url}/held`);
    release?.();
    expect(lines()).toEqual([]);
    open[0]?.end();
    await response.text();
    expect(await line()).toMatchObject({ outcome: 'completed' });
  });

  it('ignores notes for a request that is not logged', () => {
    const request = {} as FastifyRequest['raw'];
    expect(() => noteForLog(request, { a: 1 })).not.toThrow();
    expect(() => noteError(request, new AppError('internal'))).not.toThrow();
    expect(millisecondsSinceArrival(request)).toBeUndefined();
    expect(() => holdLogLine(request)()).not.toThrow();
  });
});
