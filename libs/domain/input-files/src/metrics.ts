/** Metrics of the files of requests. */
import { counter } from '@xerotier/telemetry';

export const metrics = {
  texts: counter({
    name: 'xerotier_input_files_texts_total',
    about: 'Texts of files that models were to be shown.',
    unit: 'files',
    labels: { outcome: '`kept`: known from an earlier turn; `read`; `rejected`: a file that cannot be read' },
  }),
};
