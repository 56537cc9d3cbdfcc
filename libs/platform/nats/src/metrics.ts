/** Metrics of the bus. */
import { counter, gauge, histogram, requestBuckets } from '@xerotier/telemetry';

const operation = 'service and operation of the contract (`auth.authorize`)';
const code = '`ok`, or a code of the error table';
const stream = 'a JetStream stream';
const consumer = 'a durable consumer';

export const metrics = {
  clientDuration: histogram({
    name: 'xerotier_bus_client_duration_seconds',
    about: 'Duration of calls to other services over NATS; of a stream until its end.',
    unit: 'seconds',
    labels: { operation, code },
    buckets: requestBuckets,
  }),
  serverDuration: histogram({
    name: 'xerotier_bus_server_duration_seconds',
    about: 'Duration of calls served over NATS; of a stream until its end.',
    unit: 'seconds',
    labels: { operation, code },
    buckets: requestBuckets,
  }),
  clientInFlight: gauge({
    name: 'xerotier_bus_client_in_flight',
    about: 'Calls and streams to other services in progress.',
    unit: 'calls',
    labels: { operation },
  }),
  serverInFlight: gauge({
    name: 'xerotier_bus_server_in_flight',
    about: 'Served calls and streams in progress.',
    unit: 'calls',
    labels: { operation },
  }),
  consumedMessages: counter({
    name: 'xerotier_consumer_messages_total',
    about:
      'Messages of durable consumers. `acked`: handled. `retried`: failed, to be redelivered. `dead_lettered`: moved to the dead-letter stream.',
    unit: 'messages',
    labels: { stream, consumer, outcome: '`acked`, `retried` or `dead_lettered`' },
  }),
  deadLetters: counter({
    name: 'xerotier_dead_letters_total',
    about: 'Messages that were moved to a dead-letter stream. Each needs attention.',
    unit: 'messages',
    labels: { stream, consumer },
  }),
  publishedEvents: counter({
    name: 'xerotier_published_events_total',
    about: 'Durable events confirmed by JetStream.',
    unit: 'events',
    labels: { stream },
  }),
};
