import 'reflect-metadata';
import { event, request, stream } from '@xerotier/contracts/define';
import type { ServedStream } from '@xerotier/nats';
import { z } from 'zod';
import { BUS_ROLE, Consumes, On, Serves } from './decorators.ts';

const add = request({
  subject: 'math.v1.add',
  timeoutMs: 1_000,
  input: z.object({ a: z.number(), b: z.number() }),
  output: z.object({ sum: z.number() }),
  errors: [],
});
const count = stream({
  subject: 'math.v1.count',
  input: z.object({ to: z.number() }),
  head: z.object({}),
  end: z.object({}),
  errors: [],
});
const added = event({ subject: 'math.v1.added', stream: 'MATH', data: z.object({ sum: z.number() }) });

/** Compile-time tests: what compiles in here, and what must not. */
class Typed {
  @Serves(add)
  async add({ a, b }: { a: number; b: number }): Promise<{ sum: number }> {
    return { sum: a + b };
  }

  @Serves(add)
  addAtOnce({ a, b }: { a: number; b: number }): { sum: number } {
    return { sum: a + b };
  }

  // @ts-expect-error -- the contract has no field `c`
  @Serves(add)
  wrongInput({ c }: { c: number }): { sum: number } {
    return { sum: c };
  }

  // @ts-expect-error -- the output lacks `sum`
  @Serves(add)
  async wrongOutput(_: { a: number }): Promise<{ total: number }> {
    return { total: 1 };
  }

  @Serves(count)
  async count({ to }: { to: number }, output: ServedStream<typeof count>): Promise<Record<string, never>> {
    if (output.signal.aborted) throw new Error(`counted to less than ${to}`);
    return {};
  }

  // @ts-expect-error -- a stream's handler takes the stream
  @Serves(count)
  wrongStream(_: { to: number }, output: string): string {
    return output;
  }

  @On(added)
  received({ sum }: { sum: number }): void {
    void sum;
  }

  // @ts-expect-error -- the event has no field `total`
  @On(added)
  wrongEvent({ total }: { total: number }): void {
    void total;
  }

  @Consumes(added, { durable: 'ledger' })
  async consumed(events: { sum: number }[]): Promise<void> {
    void events;
  }

  // @ts-expect-error -- events come in batches
  @Consumes(added, { durable: 'ledger' })
  async wrongBatch(single: { sum: number }): Promise<void> {
    void single;
  }
}

describe('the bus decorators', () => {
  const roleOf = (name: keyof Typed): unknown => Reflect.getMetadata(BUS_ROLE, Typed.prototype[name]);

  it('store the role of a method as metadata', () => {
    expect(roleOf('add')).toEqual({ kind: 'serves', operation: add });
    expect(roleOf('received')).toEqual({ kind: 'on', event: added });
    expect(roleOf('consumed')).toEqual({ kind: 'consumes', event: added, settings: { durable: 'ledger' } });
  });

  it('do not change the method', async () => {
    expect(await new Typed().add({ a: 1, b: 2 })).toEqual({ sum: 3 });
  });
});
