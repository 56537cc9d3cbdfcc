import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import { event, request, service } from '@xerotier/contracts/define';
import { capturedLog } from '@xerotier/log/testing';
import { DurablePublisher, ensureStream } from '@xerotier/nats';
import type { Bus } from '@xerotier/nats';
import { testBuses } from '@xerotier/nats/testing';
import { eventually, testServers } from '@xerotier/testing';
import { z } from 'zod';
import type { BeforeServing, OnDrain, OnServing } from '../lifecycle-hooks.ts';
import { createTestingHandlers } from '../testing.ts';
import type { TestingHandlersOptions, TestingService } from '../testing.ts';
import { Consumes, On, Serves } from './decorators.ts';

const value = z.object({ value: z.number() });
const operation = (subject: string) => request({ subject, timeoutMs: 5_000, input: value, output: value, errors: [] });
const mathContract = service('math', { double: operation('math.v1.double'), half: operation('math.v1.half') });
const { double, half } = mathContract.operations;
const noted = event({ subject: 'math.v1.noted', data: value });
const kept = event({ subject: 'math.v1.kept', stream: 'MATH', data: value });

@Injectable()
class Doubling {
  @Serves(double)
  async double({ value: x }: { value: number }): Promise<{ value: number }> {
    return { value: x * this.factor() };
  }

  /** Handlers are called as methods, with `this`. */
  private factor(): number {
    return 2;
  }
}

@Injectable()
class Halving {
  @Serves(half)
  half({ value: x }: { value: number }): { value: number } {
    return { value: x / 2 };
  }
}

const servers = testServers('nats');
const connectBus = testBuses(() => servers.nats.url);
const started: TestingService[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((handlers) => handlers.stop()));
});

async function start(
  providers: TestingHandlersOptions['providers'],
  rest: Partial<TestingHandlersOptions> = {},
): Promise<{ handlers: TestingService; client: Bus }> {
  const { connection } = await connectBus();
  const handlers = await createTestingHandlers({ connection, ...(providers && { providers }), ...rest });
  started.push(handlers);
  return { handlers, client: (await connectBus()).bus };
}

function isUnserved(call: Promise<unknown>): Promise<boolean> {
  return call.then(
    () => false,
    (error: { code?: string }) => error.code === 'bus.no_responders',
  );
}

describe('@Serves', () => {
  it('serves every operation of the contract, from several providers, once the service has started', async () => {
    const { client } = await start([Doubling, Halving], { serves: [mathContract] });
    expect(await client.call(double, { value: 4 })).toEqual({ value: 8 });
    expect(await client.call(half, { value: 4 })).toEqual({ value: 2 });
  });

  it('rejects a missing handler, and names the operation and the decorator', async () => {
    await expect(start([Doubling], { serves: [mathContract] })).rejects.toThrow(
      'No handler for math.half (math.v1.half): add @Serves(mathContract.operations.half) to a method of a provider.',
    );
  });

  it('rejects two handlers of an operation, and names both', async () => {
    @Injectable()
    class AlsoHalving extends Halving {}
    await expect(start([Doubling, Halving, AlsoHalving], { serves: [mathContract] })).rejects.toThrow(
      'More than one handler for math.half (math.v1.half): @Serves is on Halving.half and AlsoHalving.half. Remove all but one.',
    );
  });

  it('rejects a handler of a contract that the service does not serve', async () => {
    await expect(start([Doubling])).rejects.toThrow(
      /Doubling\.double has @Serves of math\.v1\.double, which is not an operation .*BusModule\.forRoot/,
    );
  });

  it('registers a provider that several modules export once', async () => {
    class Feature {}
    const module = { module: Feature, providers: [Halving], exports: [Halving] };
    const { client } = await start([Doubling], { serves: [mathContract], imports: [module] });
    expect(await client.call(half, { value: 2 })).toEqual({ value: 1 });
  });
});

describe('@On', () => {
  @Injectable()
  class Notes {
    readonly received: number[] = [];

    @On(noted)
    async note({ value: x }: { value: number }): Promise<void> {
      if (x < 0) throw new Error('negative');
      this.received.push(x);
    }
  }

  it('receives events, and logs rejections', async () => {
    const { log, text } = capturedLog();
    const { handlers, client } = await start([Notes], { log });
    client.publish(noted, { value: -1 });
    client.publish(noted, { value: 1 });
    await eventually('it is received', () => handlers.nest.get(Notes, { strict: false }).received.length > 0);
    expect(handlers.nest.get(Notes, { strict: false }).received).toEqual([1]);
    expect(text()).toContain('negative');
  });

  it('receives no events after the drain', async () => {
    const { handlers, client } = await start([Notes]);
    await handlers.drain(AbortSignal.timeout(5_000));
    client.publish(noted, { value: 1 });
    await client.flush();
    expect(handlers.nest.get(Notes, { strict: false }).received).toEqual([]);
  });
});

describe('@Consumes', () => {
  it('receives JetStream events, again after a rejection, and finishes its batch in a drain', async () => {
    const batches: number[][] = [];
    const release = Promise.withResolvers<void>();
    @Injectable()
    class Ledger {
      @Consumes(kept, { durable: 'ledger' })
      async record(events: { value: number }[]): Promise<void> {
        batches.push(events.map(({ value: x }) => x));
        if (batches.length === 1) throw new Error('not yet');
        await release.promise;
      }
    }
    const { connection } = await connectBus();
    await ensureStream(connection, kept);
    const publisher = new DurablePublisher(connection, kept, capturedLog().log);
    publisher.publish({ value: 7 });
    await publisher.close(5_000);
    const { handlers } = await start([Ledger]);
    await eventually('it is redelivered', () => batches.length === 2);
    let drained = false;
    const draining = handlers.drain(AbortSignal.timeout(20_000)).then(() => (drained = true));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(drained).toBe(false);
    release.resolve();
    await draining;
    expect(batches).toEqual([[7], [7]]);
  });
});

describe('startup and shutdown', () => {
  it('run in order: events, beforeServing, serve, onServing; then stop serving, onDrain, finish running requests, close', async () => {
    const steps: string[] = [];
    const release = Promise.withResolvers<void>();
    const client = (await connectBus()).bus;
    @Injectable()
    class Slow implements BeforeServing, OnServing, OnDrain {
      async beforeServing(): Promise<void> {
        client.publish(noted, { value: 1 });
        await eventually('the event is received', () => steps.includes('received'));
        steps.push((await isUnserved(client.call(double, { value: 1 }))) ? 'unserved' : 'served');
      }

      onServing(): void {
        steps.push('serving');
      }

      @On(noted)
      received(): void {
        steps.push('received');
      }

      @Serves(double)
      async double(): Promise<{ value: number }> {
        steps.push('request started');
        await release.promise;
        steps.push('request finished');
        return { value: 1 };
      }

      async onDrain(): Promise<void> {
        steps.push((await isUnserved(client.call(half, { value: 1 }))) ? 'unserved' : 'served');
        release.resolve();
      }

      onModuleDestroy(): void {
        steps.push('destroyed');
      }
    }
    const { handlers } = await start([Slow, Halving], { serves: [mathContract] });
    const call = client.call(double, { value: 1 });
    await eventually('the request has started', () => steps.includes('request started'));
    await handlers.stop();
    expect(await call).toEqual({ value: 1 });
    expect(steps).toEqual([
      'received',
      'unserved',
      'serving',
      'request started',
      'unserved',
      'request finished',
      'destroyed',
    ]);
  });

  it('do not wait for a request after the signal is aborted', async () => {
    @Injectable()
    class Endless {
      @Serves(double)
      double(): Promise<{ value: number }> {
        return new Promise(() => undefined);
      }
    }
    const { handlers, client } = await start([Endless, Halving], { serves: [mathContract] });
    client.call(double, { value: 1 }).catch(() => undefined);
    await client.flush();
    const abort = new AbortController();
    const draining = handlers.drain(abort.signal);
    abort.abort();
    await expect(draining).resolves.toBeUndefined();
    started.pop();
    await handlers.close();
  });

  it('close all connections when beforeServing rejects', async () => {
    @Injectable()
    class Failing implements BeforeServing {
      async beforeServing(): Promise<void> {
        throw new Error('the key does not fit');
      }
    }
    const { connection } = await connectBus();
    await expect(createTestingHandlers({ connection, providers: [Failing] })).rejects.toThrow('the key does not fit');
    expect(connection.nats.isClosed()).toBe(true);
  });
});
