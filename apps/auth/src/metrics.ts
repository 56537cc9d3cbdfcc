/** Metrics of the auth service. */
import { counter } from '@xerotier/telemetry';

export const metrics = {
  keyVerifications: counter({
    name: 'xerotier_auth_key_verifications_total',
    about: 'Lookups of API keys; gateways cache the results.',
    unit: 'verifications',
    labels: { outcome: '`granted`, or the code of the error, such as `auth.invalid_key`' },
  }),
  usageRows: counter({
    name: 'xerotier_auth_usage_rows_total',
    about: 'Received usage records.',
    unit: 'records',
    labels: {
      outcome:
        '`recorded`: a new row of the ledger; `duplicate`: it was there; `dropped`: it cannot be stored, and is in the log',
    },
  }),
};
