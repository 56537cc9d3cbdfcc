/** Metrics of the auth service. */
import { counter } from '@xerotier/telemetry';

export const metrics = {
  keyVerifications: counter({
    name: 'xerotier_auth_key_verifications_total',
    about: 'API keys that were looked up; gateways cache what they are told.',
    unit: 'verifications',
    labels: { outcome: '`granted`, or the code of the error, such as `auth.invalid_key`' },
  }),
  usageRows: counter({
    name: 'xerotier_auth_usage_rows_total',
    about: 'Usage records by what became of them.',
    unit: 'records',
    labels: {
      outcome:
        '`recorded`: a new row of the ledger; `duplicate`: it was there; `dropped`: it cannot be stored, and is in the log',
    },
  }),
};
