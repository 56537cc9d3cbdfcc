/** Metrics of the bus. */
import { counter, gauge, histogram, requestBuckets } from '@xerotier/telemetry';

const operation = 'service and operation of the contract (`auth.authorize`)';
const code = '`ok`, or a code of the error table';
const stream = 'a JetStream stream';
const consumer = 'a durable consumer';

export const metrics = {
  clientDuration: histogram({
    name: 'xerotier_bus_client_duration_seconds',
    about: 'Calls of other services over NATS; of a stream until its end.',
    unit: 'seconds',
    labels: { operation, code },
    buckets: requestBuckets,
  }),
  serverDuration: histogram({
    name: 'xerotier_bus_server_duration_seconds',
    about: 'Calls that this process served over NATS; of a stream until its end.',
    unit: 'seconds',
    labels: { operation, code },
    buckets: requestBuckets,
  }),
  clientInFlight: gauge({
    name: 'xerotier_bus_client_in_flight',
    about: 'Calls and streams of other services that have not ended.',
    unit: 'calls',
    labels: { operation },
  }),
  serverInFlight: gauge({
    name: 'xerotier_bus_server_in_flight',
    about: 'Calls and streams that this process is serving.',
    unit: 'calls',
    labels: { operation },
  }),
  consumedMessages: counter({
    name: 'xerotier_consumer_messages_total',
    about:
      'Messages of durable consumers. `acked`: handled. `retried`: failed, to be delivered again. `dead_lettered`: given up.',
    unit: 'messages',
    labels: { stream, consumer, outcome: '`acked`, `retried` or `dead_lettered`' },
  }),
  deadLetters: counter({
    name: 'xerotier_dead_letters_total',
    about: 'Messages that were moved to a dead-letter stream. Somebody has to look at each.',
    unit: 'messages',
    labels: { stream, consumer },
  }),
  publishedEvents: counter({
    name: 'xerotier_published_events_total',
    about: 'Durable events that JetStream has confirmed.',
    unit: 'events',
    labels: { stream },
  }),
};
