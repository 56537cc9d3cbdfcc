/** A small HTTP application for the specs of this library. */
import 'reflect-metadata';
import { Body, Controller, Get, HttpException, Module, Param, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { AppError } from '@xerotier/errors';
import { logContext } from '@xerotier/log';
import { capturedLog } from '@xerotier/log/testing';
import { eventually } from '@xerotier/testing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { streamOf } from '../src/form-body.ts';
import { createHttpApp } from '../src/http-app.ts';
import type { HttpApp, HttpAppOptions } from '../src/http-app.ts';

export const BODY_BYTES_MAX = 4_096;
/** How long `/forms/slow` takes to begin. */
export const SLOW_MS = 600;

const FAILURES: Record<string, () => unknown> = {
  rejection: () => new AppError('router.no_worker', { model: 'm' }, { retryAfterSeconds: 2.5, param: 'model' }),
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

  @Post('forms')
  @RouteConfig({ form: 'streamed' })
  async read(@Req() request: FastifyRequest): Promise<object> {
    let bytes = 0;
    for await (const chunk of streamOf(request)) bytes += (chunk as Buffer).length;
    return { bytes };
  }

  /** Begins to read only after a while. */
  @Post('forms/slow')
  @RouteConfig({ form: 'streamed' })
  async readLater(@Req() request: FastifyRequest): Promise<object> {
    await delay(SLOW_MS);
    return this.read(request);
  }

  /** Responds before the whole form has arrived. */
  @Post('forms/rejected')
  @RouteConfig({ form: 'streamed' })
  rejectForm(): never {
    throw FAILURES['rejection']?.();
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

export class ThingsApp {
  #app: HttpApp | undefined;
  #logged = capturedLog();
  #port = 0;

  get app(): HttpApp {
    if (this.#app === undefined) throw new Error('The application is only available inside tests.');
    return this.#app;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get logged(): ReturnType<typeof capturedLog> {
    return this.#logged;
  }

  /** The open responses of `/stream`, for tests to write and end. */
  get open(): readonly FastifyReply['raw'][] {
    return open;
  }

  async start(options: Partial<HttpAppOptions> = {}): Promise<void> {
    this.#logged = capturedLog();
    this.#app = await createHttpApp(ThingsModule, { log: this.#logged.log, bodyBytesMax: BODY_BYTES_MAX, ...options });
    this.#port = await this.#app.listen(0, '127.0.0.1');
  }

  async close(): Promise<void> {
    open.length = 0;
    await this.app.close();
  }

  /** Restarts the application with other options. */
  async restart(options: Partial<HttpAppOptions>): Promise<void> {
    await this.close();
    await this.start(options);
  }

  post(body: string, headers: Record<string, string> = { 'content-type': 'application/json' }): Promise<Response> {
    return fetch(`${this.url}/things`, { method: 'POST', body, headers });
  }

  /** Sends raw text and returns everything received until the server closes. */
  async raw(text: string): Promise<string> {
    const socket = connect(this.port, '127.0.0.1');
    socket.write(text);
    return textOf(socket);
  }

  /** Returns the access log lines; the last is written when its response is closed. */
  async accessLines(count: number): Promise<Record<string, unknown>[]> {
    return eventually('the access log has the lines', () => {
      const lines = this.#logged.lines().filter(({ msg }) => msg === 'request completed');
      return lines.length >= count ? lines : undefined;
    });
  }
}

/** Call it at the top of a file: each test gets its own application. */
export function thingsApp(): ThingsApp {
  const things = new ThingsApp();
  beforeEach(() => things.start());
  afterEach(() => things.close());
  return things;
}

/** Returns everything received until the connection is closed. */
export async function textOf(socket: Socket): Promise<string> {
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  await once(socket, 'close');
  return received;
}

export async function errorOf(response: Response): Promise<Record<string, unknown>> {
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  return error;
}
