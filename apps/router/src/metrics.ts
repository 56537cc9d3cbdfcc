/** Metrics of the router. */
import { counter, gauge, histogram, LabelValues } from '@xerotier/telemetry';

const model = 'id of the catalogue; `other` beyond 200 of them';
const priority = '`interactive`, `batch` or `background`';

export const metrics = {
  queuedRequests: gauge({
    name: 'xerotier_router_queued_requests',
    about: 'Generations waiting for a slot.',
    unit: 'generations',
    labels: { model, priority },
  }),
  queueWait: histogram({
    name: 'xerotier_router_queue_wait_seconds',
    about: 'Time from the arrival of a generation at the router until it is granted a slot.',
    unit: 'seconds',
    labels: { model, priority },
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30],
  }),
  placements: counter({
    name: 'xerotier_router_placements_total',
    about: 'Outcomes of placement.',
    unit: 'generations',
    labels: {
      model,
      outcome:
        '`granted`, `lapsed` (the caller did not renew its request), or an error code: `router.no_worker`, `router.queue_full`, `router.queue_timeout`, `inference.engine_unavailable`',
    },
  }),
  slots: gauge({
    name: 'xerotier_router_slots',
    about: 'Slots of the workers in the fleet.',
    unit: 'slots',
    labels: { model, state: '`used`, `free`, or `unavailable`: free slots of a worker that accepts no work' },
  }),
  workers: gauge({
    name: 'xerotier_router_workers',
    about: 'Workers in the fleet.',
    unit: 'workers',
    labels: { model, state: '`available`, `draining`, `engine_unavailable`, or `suspect` until the next heartbeat' },
  }),
  heartbeatTimeouts: counter({
    name: 'xerotier_router_heartbeat_timeouts_total',
    about: 'Workers that were removed because their heartbeat timed out.',
    unit: 'workers',
    labels: { model },
  }),
};

export const modelLabels = new LabelValues();
