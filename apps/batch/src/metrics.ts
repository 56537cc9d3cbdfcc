/** Metrics of the batch service. */
import { counter } from '@xerotier/telemetry';

export const metrics = {
  lines: counter({
    name: 'xerotier_batch_line_attempts_total',
    about: 'Attempts to run lines of batches.',
    unit: 'attempts',
    labels: { verdict: '`keep`: its response is the result; `wait`: the workers had no room; `retry`: it has failed' },
  }),
  ended: counter({
    name: 'xerotier_batch_ended_total',
    about: 'Batches that have ended.',
    unit: 'batches',
    labels: { status: '`completed`, `failed`, `expired` or `cancelled`' },
  }),
};
