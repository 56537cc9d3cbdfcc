/** Metrics of the files service. */
import { counter } from '@xerotier/telemetry';

export const metrics = {
  transferredBytes: counter({
    name: 'xerotier_files_transferred_bytes_total',
    about: 'Content of files that was transferred, before encryption.',
    unit: 'bytes',
    labels: { direction: '`in` or `out`' },
  }),
  models: counter({
    name: 'xerotier_files_models_total',
    about: 'Uploads of models that were processed to their end.',
    unit: 'uploads',
    labels: { outcome: '`completed`: in the catalogue, or `failed`: rejected' },
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
