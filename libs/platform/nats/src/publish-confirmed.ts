/** One message that JetStream has kept, or an error. */
import { z } from 'zod';
import { decode } from './codec.ts';
import type { BusConnection } from './connection.ts';
import { encodeHeaders } from './message-headers.ts';

/** JetStream drops a message whose id it has seen within the stream's duplicate window. */
export const MESSAGE_ID_HEADER = 'Nats-Msg-Id';

const PUBLISH_TIMEOUT_MS = 5_000;
const acknowledgement = z.object({ error: z.object({ description: z.string() }).optional() });

/**
 * Resolves once a stream has the message.
 * @throws {AppError} `bus.*` when nobody confirms it in time: it may have been kept all the same.
 * @throws {Error} when JetStream rejects it.
 */
export async function publishConfirmed(
  connection: BusConnection,
  subject: string,
  payload: Uint8Array,
  headers: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const reply = await connection.requests.ask(subject, payload, {
    timeoutMs: PUBLISH_TIMEOUT_MS,
    headers: encodeHeaders(headers),
  });
  const { error } = decode(acknowledgement, reply.data, subject);
  if (error !== undefined) throw new Error(`JetStream rejected the message: ${error.description}`);
}
