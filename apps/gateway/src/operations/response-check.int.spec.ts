import 'reflect-metadata';
import { Controller, Module, Req, Res } from '@nestjs/common';
import { AppError } from '@xerotier/errors';
import { createHttpApp } from '@xerotier/http';
import type { HttpApp } from '@xerotier/http';
import { capturedLog } from '@xerotier/log/testing';
import { defineOperation } from '@xerotier/public-api/operation';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AccessService } from '../access/access.service.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import { operationHooks } from './operation-hooks.ts';
import { Operation } from './operation.decorator.ts';

const thing = z.object({ id: z.string() });
const common = { method: 'get', tag: 'Models', summary: 'Test', permission: null } as const;
const readThing = defineOperation({
  ...common,
  operationId: 'readThing',
  path: '/things/{name}',
  params: z.object({ name: z.string() }),
  response: thing,
  events: thing,
  errors: ['model_not_found'],
});
const readBytes = defineOperation({
  ...common,
  operationId: 'readBytes',
  path: '/bytes',
  rawResponse: ['application/json', 'audio/wav'],
  errors: [],
});

const goThere = defineOperation({
  ...common,
  operationId: 'goThere',
  path: '/there/{name}',
  params: z.object({ name: z.string() }),
  redirects: true,
  errors: [],
});

/** Handlers by the name in the path. */
const things: Readonly<Record<string, (reply: FastifyReply) => unknown>> = {
  right: () => ({ id: 'a', more: 1 }),
  wrong: () => ({ id: 7 }),
  nothing: () => undefined,
  declared: () => {
    throw new AppError('model.not_found', { model: 'm' });
  },
  undeclared: () => {
    throw new AppError('project.not_found', { project: 'p' });
  },
  'written at once': (reply) =>
    reply.raw.writeHead(200, { 'content-type': 'application/json', 'x-kept': 'yes' }).end('{"id":"a"}'),
  'written wrongly': (reply) => reply.raw.writeHead(200, { 'content-type': 'application/json' }).end('{"id":7}'),
  'written in pieces': (reply) => {
    reply.raw.setHeader('content-type', 'application/json; charset=utf-8');
    reply.raw.write('{"id":');
    reply.raw.end('"a"}');
  },
  'a stream': (reply) => {
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.raw.write('data: 1\n\n');
    reply.raw.end('data: 2\n\n');
  },
  'another type': (reply) => reply.raw.writeHead(200, { 'content-type': 'text/plain' }).end('a'),
  'a redirect': (reply) => reply.raw.writeHead(302, { location: '/' }).end(),
  'another status': (reply) => reply.raw.writeHead(202, { 'content-type': 'application/json' }).end('{"id":"a"}'),
};

@Controller()
class ThingsController {
  @Operation(readThing)
  async read(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { name } = request.params as { name: string };
    const result = things[name]?.(reply);
    if (!name.includes(' ')) await reply.send(result);
  }

  @Operation(goThere)
  async go(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { name } = request.params as { name: string };
    if (name === 'there') reply.redirect('/there', 302);
    else await reply.send({ id: 'a' });
  }

  @Operation(readBytes)
  async bytes(@Res() reply: FastifyReply): Promise<void> {
    reply.raw.writeHead(200, { 'content-type': 'application/json' });
    reply.raw.flushHeaders();
    await new Promise((resolve) => setImmediate(resolve));
    reply.raw.end('not JSON at all');
  }
}

@Module({ controllers: [ThingsController] })
class ThingsModule {}

const apps: HttpApp[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function start(checkResponses = true): Promise<{ url: string; log: ReturnType<typeof capturedLog> }> {
  const log = capturedLog();
  // Not called: the operations are public.
  const access = (): AccessService => ({}) as AccessService;
  const sessions = (): SessionsService => ({}) as SessionsService;
  const app = await createHttpApp(ThingsModule, {
    log: log.log,
    bodyBytesMax: 1_024,
    ...operationHooks({ access, sessions, log: log.log, checkResponses, operations: [readThing, readBytes, goThere] }),
  });
  apps.push(app);
  return { url: `http://127.0.0.1:${await app.listen(0, '127.0.0.1')}`, log };
}

describe('checkResponse', () => {
  it.each([
    ['right', 200, '{"id":"a","more":1}'],
    ['written at once', 200, '{"id":"a"}'],
    ['written in pieces', 200, '{"id":"a"}'],
    ['a stream', 200, 'data: 1\n\ndata: 2\n\n'],
    ['declared', 404, expect.stringContaining('model_not_found')],
  ])('does not change a valid response: %s', async (name, status, body) => {
    const { url, log } = await start();
    const response = await fetch(`${url}/things/${name}`);
    expect([response.status, await response.text()]).toEqual([status, body]);
    expect(response.headers.get('x-kept')).toBe(name === 'written at once' ? 'yes' : null);
    expect(log.text()).not.toContain('does not match');
  });

  it.each([
    ['wrong', 'id: Invalid input'],
    ['nothing', 'no media type is not declared'],
    ['undeclared', 'the code project_not_found is not declared'],
    ['written wrongly', 'id: Invalid input'],
    ['another type', 'text/plain is not declared'],
    ['another status', 'status 202 without an error envelope'],
    ['a redirect', 'status 302 without an error envelope'],
  ])('replaces an invalid response by a 500 and logs the problem: %s', async (name, problem) => {
    const { url, log } = await start();
    const response = await fetch(`${url}/things/${name}`);
    expect([response.status, await response.json()]).toMatchObject([500, { error: { code: 'internal_error' } }]);
    const line = log.lines().find(({ msg }) => msg === 'response does not match its operation');
    expect(line).toMatchObject({ level: 'error', operation: 'readThing', problem: expect.stringContaining(problem) });
  });

  it('allows a redirect, and nothing else, where it is declared', async () => {
    const { url } = await start();
    const redirect = await fetch(`${url}/there/there`, { redirect: 'manual' });
    expect([redirect.status, redirect.headers.get('location')]).toEqual([302, '/there']);
    expect((await fetch(`${url}/there/here`)).status).toBe(500);
  });

  it('does not parse raw responses', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/bytes`);
    expect([response.status, await response.text()]).toEqual([200, 'not JSON at all']);
  });

  it('allows a HEAD response without a body', async () => {
    const { url } = await start();
    expect((await fetch(`${url}/things/right`, { method: 'HEAD' })).status).toBe(200);
  });
});

describe('without checkResponses', () => {
  it('does not change invalid responses', async () => {
    const { url } = await start(false);
    const response = await fetch(`${url}/things/wrong`);
    expect([response.status, await response.json()]).toEqual([200, { id: 7 }]);
  });
});
