/** Failures of a real bus as seen by a client of the HTTP edge: no subject, no reason, no internals. */
import 'reflect-metadata';
import { Controller, Get, Module, Param } from '@nestjs/common';
import { request, service } from '@xerotier/contracts/define';
import { capturedLog } from '@xerotier/log/testing';
import { testBuses } from '@xerotier/nats/testing';
import { testServers } from '@xerotier/testing';
import { z } from 'zod';
import { createHttpApp } from './http-app.ts';
import type { HttpApp } from './http-app.ts';

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);

const operation = (name: string): ReturnType<typeof request> =>
  request({
    subject: `hidden.v1.${name}`,
    timeoutMs: 100,
    input: z.any(),
    output: z.object({ secretField: z.number() }),
    errors: [],
  });
const operations = {
  unserved: operation('unserved'),
  silent: operation('silent'),
  unreadable: operation('unreadable'),
  large: operation('large'),
};

let call: (name: keyof typeof operations) => Promise<unknown>;

@Controller()
class CallsController {
  @Get('calls/:name')
  call(@Param('name') name: keyof typeof operations): Promise<unknown> {
    return call(name);
  }
}

@Module({ controllers: [CallsController] })
class CallsModule {}

let app: HttpApp;
let logged: ReturnType<typeof capturedLog>;

beforeEach(async () => {
  logged = capturedLog();
  app = await createHttpApp(CallsModule, { log: logged.log, bodyBytesMax: 1_024 });
});
afterEach(() => app.close());

describe('a failure of the bus at the HTTP edge', () => {
  it.each([
    ['unserved', 503, 'service_unavailable', 'bus.no_responders'],
    ['silent', 503, 'service_unavailable', 'bus.timeout'],
    ['unreadable', 500, 'internal_error', 'bus.unreadable'],
    ['large', 413, 'request_too_large', 'bus.too_large'],
  ] as const)('%s: responds with %i without a subject, and logs the code', async (name, status, code, inLog) => {
    const [server, client] = [await connectBus(), await connectBus()];
    server.bus.serve(service('hidden', { silent: operations.silent, unreadable: operations.unreadable }), {
      silent: () => new Promise(() => undefined),
      unreadable: () => ({ secretField: 'text' }),
    });
    await server.bus.flush();
    call = (called) => client.bus.call(operations[called], called === 'large' ? 'x'.repeat(2_000_000) : {});
    const port = await app.listen(0, '127.0.0.1');
    const response = await fetch(`http://127.0.0.1:${port}/calls/${name}`);
    const body = await response.text();
    expect({ status: response.status, ...(JSON.parse(body) as { error: object }).error }).toMatchObject({
      status,
      code,
    });
    expect(body).not.toMatch(/hidden|secretField|subject/);
    expect(logged.text()).toContain(inLog);
  });
});
