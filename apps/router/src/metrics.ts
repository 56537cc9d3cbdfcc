/** Metrics of the router. */
import { counter, gauge, histogram, LabelValues } from '@xerotier/telemetry';

const model = 'id of the catalogue; `other` beyond 200 of them';
const priority = '`interactive`, `batch` or `background`';

export const metrics = {
  queuedRequests: gauge({
    name: 'xerotier_router_queued_requests',
    about: 'Generations that wait for a slot.',
    unit: 'generations',
    labels: { model, priority },
  }),
  queueWait: histogram({
    name: 'xerotier_router_queue_wait_seconds',
    about: 'From the arrival of a generation at the router to its slot.',
    unit: 'seconds',
    labels: { model, priority },
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30],
  }),
  placements: counter({
    name: 'xerotier_router_placements_total',
    about: 'Generations by what became of their wait for a slot.',
    unit: 'generations',
    labels: {
      model,
      outcome:
        '`granted`, `lapsed` (its caller did not ask again), or a code: `router.no_worker`, `router.queue_full`, `router.queue_timeout`, `inference.engine_unavailable`',
    },
  }),
  slots: gauge({
    name: 'xerotier_router_slots',
    about: 'Slots of the workers in the fleet.',
    unit: 'slots',
    labels: { model, state: '`used`, `free`, or `unavailable`: free ones of a worker that takes no work' },
  }),
  workers: gauge({
    name: 'xerotier_router_workers',
    about: 'Workers in the fleet.',
    unit: 'workers',
    labels: { model, state: '`available`, `draining`, `engine_unavailable`, or `suspect` until the next heartbeat' },
  }),
  heartbeatTimeouts: counter({
    name: 'xerotier_router_heartbeat_timeouts_total',
    about: 'Workers that left the fleet because their heartbeats stopped.',
    unit: 'workers',
    labels: { model },
  }),
};

export const modelLabels = new LabelValues();
