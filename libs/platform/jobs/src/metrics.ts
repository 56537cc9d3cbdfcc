/** Metrics of queues. */
import { counter, gauge, histogram } from '@xerotier/telemetry';

const queue = 'a queue';

export const metrics = {
  jobs: gauge({
    name: 'xerotier_queue_jobs',
    about: 'Jobs in Redis. Every replica that processes the queue reports the same number.',
    unit: 'jobs',
    labels: { queue, state: '`waiting`, `active`, `delayed` or `failed`' },
  }),
  added: counter({
    name: 'xerotier_queue_added_total',
    about: 'Jobs that were added, also those that existed already. `unavailable`: Redis did not accept the job.',
    unit: 'jobs',
    labels: { queue, outcome: '`ok` or `unavailable`' },
  }),
  duration: histogram({
    name: 'xerotier_job_duration_seconds',
    about:
      'Duration of one call of a handler. `continued`: a slice, more follows. `retried`: failed, to be repeated. `failed`: needs attention. `returned`: interrupted by a shutdown. `lost`: it lost its lock, and is repeated.',
    unit: 'seconds',
    labels: { queue, outcome: '`done`, `continued`, `retried`, `failed`, `returned` or `lost`' },
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800],
  }),
  retries: counter({
    name: 'xerotier_job_retries_total',
    about: 'Attempts that failed and are repeated after a pause.',
    unit: 'attempts',
    labels: { queue },
  }),
  stalled: counter({
    name: 'xerotier_jobs_stalled_total',
    about: 'Jobs that were taken from a process which is gone, or did not renew its lock in time.',
    unit: 'jobs',
    labels: { queue },
  }),
};
