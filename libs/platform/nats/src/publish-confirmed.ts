/** Publishes one message to JetStream and waits for the acknowledgement. */
import { z } from 'zod';
import { decode } from './codec.ts';
import type { BusConnection } from './connection.ts';
import { encodeHeaders } from './message-headers.ts';

/** JetStream drops a message whose id it has received within the stream's duplicate window. */
export const MESSAGE_ID_HEADER = 'Nats-Msg-Id';

const PUBLISH_TIMEOUT_MS = 5_000;
const acknowledgement = z.object({
  error: z.object({ description: z.string() }).optional(),
  stream: z.string().default(''),
  seq: z.number().default(0),
});

/** Where a message was stored. */
export interface PublishedMessage {
  readonly stream: string;
  readonly sequence: number;
}

/**
 * Resolves once a stream has stored the message, or had it already.
 * @throws {AppError} `bus.*` when there is no acknowledgement in time: the message may have been stored nevertheless.
 * @throws {Error} when JetStream rejects it.
 */
export async function publishConfirmed(
  connection: BusConnection,
  subject: string,
  payload: Uint8Array,
  headers: Readonly<Record<string, string | undefined>>,
): Promise<PublishedMessage> {
  const reply = await connection.requests.send(subject, payload, {
    timeoutMs: PUBLISH_TIMEOUT_MS,
    headers: encodeHeaders(headers),
  });
  const { error, stream, seq } = decode(acknowledgement, reply.data, subject);
  if (error !== undefined) throw new Error(`JetStream rejected the message: ${error.description}`);
  return { stream, sequence: seq };
}
