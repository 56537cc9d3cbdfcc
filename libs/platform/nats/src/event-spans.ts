/** Spans of durable events. A consumer's span is a trace of its own, linked to the producers: messages come in batches, and may come much later. */
import { attribute, isSampled, SpanKind, startSpan } from '@xerotier/telemetry';
import type { Span, TraceContext } from '@xerotier/telemetry';

/**
 * Of one message, until JetStream has it.
 * @param origins the traces of the events in it: the span continues the first one that is sampled, since it is not recorded in another.
 */
export function startSendSpan(subject: string, events: number, origins: readonly TraceContext[]): Span {
  const parent = origins.find(isSampled) ?? origins[0] ?? null;
  return startSpan(`send ${subject}`, {
    kind: SpanKind.PRODUCER,
    parent,
    links: origins.filter((origin) => origin !== parent),
    attributes: {
      [attribute.messagingSystem]: 'nats',
      [attribute.messagingOperationType]: 'send',
      [attribute.messagingDestinationName]: subject,
      [attribute.messagingBatchMessageCount]: events,
    },
  });
}

/** Of one call of a consumer's handler. @param producers what its messages say of their traces. */
export function startProcessSpan(subject: string, consumer: string, producers: readonly TraceContext[]): Span {
  return startSpan(`process ${subject}`, {
    kind: SpanKind.CONSUMER,
    parent: null,
    links: producers,
    attributes: {
      [attribute.messagingSystem]: 'nats',
      [attribute.messagingOperationType]: 'process',
      [attribute.messagingDestinationName]: subject,
      [attribute.messagingConsumerGroupName]: consumer,
      [attribute.messagingBatchMessageCount]: producers.length,
    },
  });
}
