/**
 * The JetStream streams that keep events. A stream is a log with limits: each durable consumer reads all of it at its
 * own pace, so an additional consumer takes nothing from the first. Every process that publishes or consumes ensures
 * the stream, and applies the current configuration to an existing one.
 */
import {
  JetStreamApiCodes,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import type { JetStreamManager, StreamConfig } from '@nats-io/jetstream';
import { wildcardOf } from '@xerotier/contracts/define';
import type { EventContract } from '@xerotier/contracts/define';
import type { BusConnection } from './connection.ts';

export const NANOSECONDS = 1_000_000;
const DAY_MS = 24 * 60 * 60 * 1_000;
/** Limits of a stream: a consumer that is down for longer misses the oldest events. The server reserves these bytes. */
const EVENTS_BYTES_MAX = 256 * 1024 * 1024;
const EVENTS_AGE_MAX_DAYS = 14;
const DUPLICATE_WINDOW_MS = 120_000;
/** Limits of a dead-letter stream: the oldest messages are dropped. */
const DEAD_LETTERS_BYTES_MAX = 64 * 1024 * 1024;
const DEAD_LETTERS_AGE_MAX_MS = 30 * DAY_MS;

/** Creates the stream of an event, or updates the existing one. */
export async function ensureStream(connection: BusConnection, contract: EventContract): Promise<void> {
  const manager = await jetstreamManager(connection.nats);
  if (contract.replacesStream !== undefined) await retireStream(manager, contract.replacesStream);
  await ensureConfig(manager, {
    name: streamNameOf(contract),
    subjects: [wildcardOf(contract)],
    max_bytes: contract.streamBytesMax ?? EVENTS_BYTES_MAX,
    max_age: (contract.streamAgeMaxDays ?? EVENTS_AGE_MAX_DAYS) * DAY_MS * NANOSECONDS,
    duplicate_window: DUPLICATE_WINDOW_MS * NANOSECONDS,
  });
}

/** Ensures the stream for messages that the consumers of this stream could not handle. */
export async function ensureDeadLetterStream(connection: BusConnection, stream: string): Promise<void> {
  await ensureConfig(await jetstreamManager(connection.nats), {
    name: `${stream}_DLQ`,
    subjects: [deadLetterSubject(stream, '*')],
    max_bytes: DEAD_LETTERS_BYTES_MAX,
    max_age: DEAD_LETTERS_AGE_MAX_MS * NANOSECONDS,
    duplicate_window: DUPLICATE_WINDOW_MS * NANOSECONDS,
  });
}

export function deadLetterSubject(stream: string, consumer: string): string {
  return `dlq.v1.${stream}.${consumer}`;
}

/** @throws {Error} for an event without a stream. */
export function streamNameOf(contract: EventContract): string {
  if (contract.stream === undefined) throw new Error(`${contract.subject} has no stream in its contract.`);
  return contract.stream;
}

/** Returns the result, or undefined for a stream or consumer that does not exist. */
export async function orMissing<T>(lookup: Promise<T>): Promise<T | undefined> {
  try {
    return await lookup;
  } catch (error) {
    const { StreamNotFound, ConsumerNotFound } = JetStreamApiCodes;
    if (error instanceof JetStreamApiError && [StreamNotFound, ConsumerNotFound].includes(error.code as never))
      return undefined;
    throw error;
  }
}

type WantedConfig = Pick<StreamConfig, 'name' | 'subjects' | 'max_bytes' | 'max_age' | 'duplicate_window'>;

async function ensureConfig(manager: JetStreamManager, wanted: WantedConfig): Promise<void> {
  const existing = await orMissing(manager.streams.info(wanted.name));
  if (existing === undefined) {
    await manager.streams.add({ ...wanted, retention: RetentionPolicy.Limits, storage: StorageType.File });
    return;
  }
  const { name, ...changeable } = wanted;
  const isUpToDate = (Object.keys(changeable) as (keyof typeof changeable)[]).every(
    (key) => JSON.stringify(existing.config[key]) === JSON.stringify(changeable[key]),
  );
  if (!isUpToDate) await manager.streams.update(name, changeable);
}

/**
 * Removes the subjects from a stream of an earlier release, so that its successor can use them: JetStream cannot change
 * a stream's retention. In between, publishers receive "no responders" and retry. `EventConsumer` drains the remaining
 * messages.
 */
async function retireStream(manager: JetStreamManager, name: string): Promise<void> {
  const existing = await orMissing(manager.streams.info(name));
  if (existing === undefined) return;
  const subjects = [`retired.v1.${name}`];
  if (existing.config.subjects.join() === subjects.join()) return;
  // The server reserves its maximum size, and no more messages will arrive.
  await manager.streams.update(name, { subjects, max_bytes: existing.state.bytes + RETIRED_SLACK_BYTES });
}

/** Allows for messages that arrive between the lookup of its size and the update. */
const RETIRED_SLACK_BYTES = 64 * 1024 * 1024;
