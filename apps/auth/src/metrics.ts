/** Metrics of the auth service. */
import { counter } from '@xerotier/telemetry';

export const metrics = {
  keyVerifications: counter({
    name: 'xerotier_auth_key_verifications_total',
    about: 'Lookups of API keys; gateways cache the results.',
    unit: 'verifications',
    labels: { outcome: '`granted`, or the code of the error, such as `auth.invalid_key`' },
  }),
  passwordWork: counter({
    name: 'xerotier_auth_password_work_total',
    about: 'Passwords that were hashed or verified, also for accounts that do not exist.',
    unit: 'passwords',
    labels: { work: '`hash` or `verify`', outcome: '`done`, or `rejected` because too many were waiting' },
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
