/** How far the durable consumers of a stream are, all together, and whether it is still the same stream. */
import { AckPolicy, jetstreamManager } from '@nats-io/jetstream';
import type { ConsumerInfo } from '@nats-io/jetstream';
import type { BusConnection } from './connection.ts';
import { orMissing } from './event-streams.ts';

export interface StreamProgress {
  /** Differs once the stream was lost and created again. */
  readonly created: string;
  /** All messages up to this sequence number are acknowledged by every durable consumer that the stream has. */
  readonly handledSequence: number;
}

/** Undefined if there is no such stream. @throws {Error} if JetStream does not respond. */
export async function readStreamProgress(
  connection: BusConnection,
  stream: string,
): Promise<StreamProgress | undefined> {
  const manager = await jetstreamManager(connection.nats);
  // Before the consumers: what is published in between is not known to be handled.
  const info = await orMissing(manager.streams.info(stream));
  if (info === undefined) return undefined;
  const last = info.state.last_seq;
  let handledSequence = last;
  for await (const consumer of manager.consumers.list(stream))
    if (isDurable(consumer)) handledSequence = Math.min(handledSequence, floorOf(consumer, last));
  return { created: info.created, handledSequence };
}

function isDurable({ config }: ConsumerInfo): boolean {
  return config.durable_name !== undefined && config.ack_policy === AckPolicy.Explicit;
}

function floorOf(
  { num_pending: pending, num_ack_pending: unacked, ack_floor: floor }: ConsumerInfo,
  last: number,
): number {
  return pending === 0 && unacked === 0 ? last : floor.stream_seq;
}
