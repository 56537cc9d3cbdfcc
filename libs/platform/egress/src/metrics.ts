/** Metrics of requests to URLs of users. */
import { counter } from '@xerotier/telemetry';

export const metrics = {
  requests: counter({
    name: 'xerotier_egress_requests_total',
    about: 'Requests to URLs of users, with their redirects.',
    unit: 'requests',
    labels: {
      outcome:
        '`completed` when the response was read to its end, `cancelled`, `failed` (a defect), or the code of the error without `egress.`',
    },
  }),
};
