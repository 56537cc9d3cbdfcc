/**
 * Dead letters: messages that a consumer could not handle, kept for operators with payload, headers and the reason.
 * Nothing consumes them automatically. To retry one, publish it to its `Xero-Dlq-Subject`; handlers that have processed
 * it recognise it by its id.
 */
import type { JsMsg } from '@nats-io/jetstream';
import type { BusConnection } from './connection.ts';
import { deadLetterSubject } from './event-streams.ts';
import { MESSAGE_ID_HEADER, publishConfirmed } from './publish-confirmed.ts';

export const deadLetterHeader = {
  /** Subject it was published to. */
  subject: 'Xero-Dlq-Subject',
  sequence: 'Xero-Dlq-Sequence',
  /** The message id it was published with. */
  messageId: 'Xero-Dlq-Message-Id',
  /** Code of the error table; `internal` for a defect of the handler. */
  errorCode: 'Xero-Dlq-Error',
  deliveries: 'Xero-Dlq-Deliveries',
} as const;

/**
 * Resolves once the dead-letter stream has stored it. Repeating it for the same message has no effect.
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
