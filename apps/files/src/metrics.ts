/** Metrics of the files service. */
import { counter } from '@xerotier/telemetry';

export const metrics = {
  transferredBytes: counter({
    name: 'xerotier_files_transferred_bytes_total',
    about: 'Content of files that was transferred, before encryption.',
    unit: 'bytes',
    labels: { direction: '`in` or `out`' },
  }),
  reconciled: counter({
    name: 'xerotier_files_reconciled_total',
    about: 'What interrupted transfers and removals had left, and was removed.',
    unit: 'objects',
    labels: {
      kind: '`abandoned`: of a writer that was killed; `removed`; `orphans`: without a row; `unfinished`: of a write that the store has not completed',
    },
  }),
};
