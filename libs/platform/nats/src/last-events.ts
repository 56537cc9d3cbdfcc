/** A stream as a log of states: the last event of each subject is the current one. */
import { DeliverPolicy, jetstream } from '@nats-io/jetstream';
import { subjectOf } from '@xerotier/contracts/define';
import type { EventContract, TemplateValues } from '@xerotier/contracts/define';
import type { z } from 'zod';
import { decode, encode } from './codec.ts';
import type { BusConnection } from './connection.ts';
import { streamNameOf } from './event-streams.ts';
import { MESSAGE_ID_HEADER, publishConfirmed } from './publish-confirmed.ts';

const FETCH_MAX = 500;

/**
 * Resolves once the stream has stored the event. An event with the same id within two minutes is stored once.
 * @throws {AppError} `bus.*` @throws {Error} when JetStream rejects it.
 */
export async function publishEvent<C extends EventContract>(
  connection: BusConnection,
  contract: C,
  data: z.input<C['data']>,
  { id, values }: { readonly id: string; readonly values: TemplateValues<C['subject']> },
): Promise<void> {
  await publishConfirmed(connection, subjectOf(contract, values), encode(data), { [MESSAGE_ID_HEADER]: id });
}

/**
 * Returns the last event of each subject of the stream, which must exist. Memory is proportional to their number.
 * @throws {AppError} `bus.unreadable` for an event that does not match the contract. @throws {Error} if JetStream does not respond.
 */
export async function lastEvents<C extends EventContract>(
  connection: BusConnection,
  contract: C,
): Promise<z.output<C['data']>[]> {
  const options = { deliver_policy: DeliverPolicy.LastPerSubject };
  const consumer = await jetstream(connection.nats).consumers.get(streamNameOf(contract), options);
  const events: z.output<C['data']>[] = [];
  let { num_pending: pending } = await consumer.info();
  while (pending > 0) {
    let received = 0;
    for await (const message of await consumer.fetch({ max_messages: Math.min(pending, FETCH_MAX), expires: 5_000 })) {
      events.push(decode(contract.data, message.data, message.subject) as z.output<C['data']>);
      pending = message.info.pending;
      received += 1;
    }
    if (received === 0) throw new Error(`The stream ${streamNameOf(contract)} has sent no events.`);
  }
  return events;
}
