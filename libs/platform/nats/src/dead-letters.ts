/**
 * Messages that a consumer gave up on, kept for people: the payload and headers as they were, with the reason beside them. Nothing
 * reads them by itself. One that is mended is published to its `Xero-Dlq-Subject` again, and handlers that have seen it know it by its id.
 */
import type { JsMsg } from '@nats-io/jetstream';
import type { BusConnection } from './connection.ts';
import { deadLetterSubject } from './event-streams.ts';
import { MESSAGE_ID_HEADER, publishConfirmed } from './publish-confirmed.ts';

export const deadLetterHeader = {
  /** Where it was published. */
  subject: 'Xero-Dlq-Subject',
  sequence: 'Xero-Dlq-Sequence',
  /** The id that it was published with. */
  messageId: 'Xero-Dlq-Message-Id',
  /** Code of the error table; `internal` for a defect of the handler. */
  errorCode: 'Xero-Dlq-Error',
  deliveries: 'Xero-Dlq-Deliveries',
} as const;

/**
 * Resolves once the dead-letter stream has it; giving the same message up twice leaves one.
 * @throws what `publishConfirmed` throws.
 */
export async function publishDeadLetter(
  connection: BusConnection,
  consumer: string,
  message: JsMsg,
  errorCode: string,
): Promise<void> {
  const { stream, streamSequence, deliveryCount } = message.info;
  const original: Record<string, string> = {};
  for (const name of message.headers?.keys() ?? []) original[name] = message.headers?.values(name).join(', ') ?? '';
  const { [MESSAGE_ID_HEADER]: messageId, ...headers } = original;
  await publishConfirmed(connection, deadLetterSubject(stream, consumer), message.data, {
    ...headers,
    [MESSAGE_ID_HEADER]: `${stream}.${consumer}.${streamSequence}`,
    [deadLetterHeader.subject]: message.subject,
    [deadLetterHeader.sequence]: String(streamSequence),
    [deadLetterHeader.messageId]: messageId,
    [deadLetterHeader.errorCode]: errorCode,
    [deadLetterHeader.deliveries]: String(deliveryCount),
  });
}
