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
  auditAnchors: counter({
    name: 'xerotier_auth_audit_anchors_total',
    about: 'Heads of audit logs, compared with their anchors outside of the database.',
    unit: 'heads',
    labels: {
      outcome:
        '`published`: a newer head is the anchor now; `different`: the log does not contain its anchor, and was changed or restored, which is in the log of the service',
    },
  }),
  mails: counter({
    name: 'xerotier_auth_mails_total',
    about: 'Mail to users.',
    unit: 'messages',
    labels: {
      outcome: '`sent`; `retried`: it will be tried again; `failed`: it was given up; `expired`: its link has expired',
    },
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
  lateUsageRecords: counter({
    name: 'xerotier_auth_usage_late_records_total',
    about:
      'Usage records of gateways that came after the ledger was written from the reports of workers; they are ignored.',
    unit: 'records',
    labels: { result: '`equal` or `different`, compared with the ledger' },
  }),
  reportedGenerations: counter({
    name: 'xerotier_auth_usage_reports_total',
    about: 'Generations that workers have reported.',
    unit: 'generations',
    labels: {
      outcome:
        '`stored`; `duplicate`; `invalid`: its account cannot be decrypted, or its request does not have that choice; `dropped`: it cannot be stored, and is in the log',
    },
  }),
  reconciledRequests: counter({
    name: 'xerotier_auth_usage_reconciled_total',
    about: 'Requests whose ledger row was compared with the reports of workers.',
    unit: 'requests',
    labels: {
      result:
        '`matched`; `settled`: the row was written from the reports; `estimated`: the gateway has counted what arrived; `unreported`: a report is missing; `drift`: they differ; `dropped`: the row cannot be stored, and is in the log',
    },
  }),
  ledgerDrift: counter({
    name: 'xerotier_auth_ledger_drift_tokens_total',
    about: 'Tokens by which the ledger differs from what workers reported. Anything but 0 is a defect.',
    unit: 'tokens',
  }),
};
