/** Metrics of outboxes. */
import { gauge } from '@xerotier/telemetry';

const schema = 'the database schema of the service';

export const metrics = {
  pending: gauge({
    name: 'xerotier_outbox_pending_events',
    about: 'Committed events that are not yet published.',
    unit: 'events',
    labels: { schema },
  }),
  oldestAge: gauge({
    name: 'xerotier_outbox_oldest_age_seconds',
    about: 'Age of the oldest event that is not yet published; 0 if there is none.',
    unit: 'seconds',
    labels: { schema },
  }),
};
