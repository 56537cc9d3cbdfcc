/**
 * The JetStream streams that keep events. A stream is a log with bounds: each durable consumer reads all of it, at its own pace, so
 * another consumer takes nothing from the first. Every process that publishes or consumes ensures the stream, and what the code
 * says about it is applied to the one that is there.
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
/** Bounds of a stream: when a consumer is away for longer, it misses the oldest events. The server reserves these bytes. */
const EVENTS_BYTES_MAX = 256 * 1024 * 1024;
const EVENTS_AGE_MAX_MS = 14 * DAY_MS;
const DUPLICATE_WINDOW_MS = 120_000;
/** Bounds of a dead-letter stream: what nobody has looked at by then is dropped, oldest first. */
const DEAD_LETTERS_BYTES_MAX = 64 * 1024 * 1024;
const DEAD_LETTERS_AGE_MAX_MS = 30 * DAY_MS;

/** Creates the stream that keeps an event, or brings the one that is there up to date. */
export async function ensureStream(connection: BusConnection, contract: EventContract): Promise<void> {
  const manager = await jetstreamManager(connection.nats);
  if (contract.replacesStream !== undefined) await retireStream(manager, contract.replacesStream);
  await ensureConfig(manager, {
    name: streamNameOf(contract),
    subjects: [wildcardOf(contract)],
    max_bytes: contract.streamBytesMax ?? EVENTS_BYTES_MAX,
    max_age: EVENTS_AGE_MAX_MS * NANOSECONDS,
    duplicate_window: DUPLICATE_WINDOW_MS * NANOSECONDS,
  });
}

/** Where the messages go that the consumers of this stream could not handle. */
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

/** @throws {Error} for an event that no stream keeps. */
export function streamNameOf(contract: EventContract): string {
  if (contract.stream === undefined)
    throw new Error(`${contract.subject} names no stream in its contract, so nothing would keep it.`);
  return contract.stream;
}

/** The result, or undefined for a stream or consumer that does not exist. */
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
 * Takes the subjects of a stream of an earlier release, so that its successor may have them: JetStream cannot change a stream's
 * retention. Between the two, publishers are told that nobody responds, and try again. What it holds is for `EventConsumer` to drain.
 */
async function retireStream(manager: JetStreamManager, name: string): Promise<void> {
  const existing = await orMissing(manager.streams.info(name));
  if (existing === undefined) return;
  const subjects = [`retired.v1.${name}`];
  if (existing.config.subjects.join() === subjects.join()) return;
  // Its bytes are reserved on the server, and nothing more will come.
  await manager.streams.update(name, { subjects, max_bytes: existing.state.bytes + RETIRED_SLACK_BYTES });
}

/** For what arrives between the question for its size and its last message. */
const RETIRED_SLACK_BYTES = 64 * 1024 * 1024;
