import type { HttpAdapterHost } from '@nestjs/core';
import { AppError } from '@xerotier/errors';
import { fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';
import { setTimeout as delay } from 'node:timers/promises';
import { BatchLines } from './batch-lines.service.ts';

const line = { projectId: 'proj_1', keyId: 'key_1', path: '/v1/embeddings', body: '{"a":1}' };

function newLines(): { sut: BatchLines; app: FastifyInstance } {
  const app = fastify();
  const host = { httpAdapter: { getInstance: () => app } } as unknown as HttpAdapterHost;
  return { sut: new BatchLines(host), app };
}

it('waits for the routes', async () => {
  const { sut, app } = newLines();
  const response = sut.respond(line, new AbortController().signal);
  await delay(20);
  app.post('/proj_1/v1/embeddings', ({ body }, reply) =>
    reply.header('x-request-id', 'req_1').send({ received: body }),
  );
  sut.onApplicationBootstrap();
  const { body, ...rest } = await response;
  expect(JSON.parse(body.toString())).toEqual({ received: { a: 1 } });
  expect(rest).toEqual({ status: 200, requestId: 'req_1', usage: undefined, waitedMs: 0, inputTokens: undefined });
});

it('runs no line that was cancelled before', async () => {
  const { sut, app } = newLines();
  let calls = 0;
  app.post('/proj_1/v1/embeddings', () => (calls += 1));
  const cancelling = new AbortController();
  const response = sut.respond(line, cancelling.signal);
  cancelling.abort(new AppError('inference.cancelled'));
  sut.onApplicationBootstrap();
  await expect(response).rejects.toMatchObject({ code: 'inference.cancelled' });
  expect(calls).toBe(0);
});
