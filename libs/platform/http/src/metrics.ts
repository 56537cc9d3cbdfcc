/** Metrics of an HTTP edge. */
import { gauge, histogram, requestBuckets } from '@xerotier/telemetry';

export const metrics = {
  requestDuration: histogram({
    name: 'http_server_request_duration_seconds',
    about: 'Time from the arrival of a request to the last byte of its response.',
    unit: 'seconds',
    labels: {
      method: 'of HTTP, or `_OTHER`',
      route: 'the route as it is registered (`/v1/models/*`), or `unmatched`',
      status: 'of the response; 499 when the client closed the connection before it began',
    },
    buckets: requestBuckets,
  }),
  activeRequests: gauge({
    name: 'http_server_active_requests',
    about: 'Requests in progress.',
    unit: 'requests',
  }),
};
