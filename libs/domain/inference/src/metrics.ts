/** Metrics of inference, on the side of the caller. */
import { counter, histogram, LabelValues } from '@xerotier/telemetry';

const model = 'id of the catalogue; `other` beyond 200 of them';
const tier = 'slug of a tier; `other` beyond 200 of them';

export const metrics = {
  timeToFirstToken: histogram({
    name: 'xerotier_inference_time_to_first_token_seconds',
    about: 'Time from the start of a request to its first data.',
    unit: 'seconds',
    labels: { model, tier },
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  }),
  tokens: counter({
    name: 'xerotier_inference_tokens_total',
    about:
      'Tokens of usage records, equal to the ledger. `cached` is the part of `prompt` that was found in the prefix cache.',
    unit: 'tokens',
    labels: { model, tier, type: '`prompt`, `completion` or `cached`' },
  }),
  requests: counter({
    name: 'xerotier_inference_requests_total',
    about: 'Requests with a usage record.',
    unit: 'requests',
    labels: { model, tier, outcome: '`completed`, `cancelled` or `failed`' },
  }),
  retries: counter({
    name: 'xerotier_inference_retries_total',
    about: 'Retries of generations.',
    unit: 'generations',
    labels: { reason: 'a code of the error table' },
  }),
  usageLost: counter({
    name: 'xerotier_inference_usage_lost_total',
    about: 'Usage records that could not be published, and are only in the log.',
    unit: 'records',
  }),
};

export const modelLabels = new LabelValues();
export const tierLabels = new LabelValues();
