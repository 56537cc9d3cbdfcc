import { integer, setting } from '@xerotier/config';

/** Settings of a service that reads the files of requests. */
export const inputFileSettings = {
  processesMax: setting(
    'FILE_TEXT_PROCESSES_MAX',
    integer({ min: 1, max: 64 }).default(2),
    'Maximum number of processes that one instance starts at the same time to extract the text of PDF and HTML files; each takes up to 384 MiB. Further files wait. Default 2.',
  ),
} as const;
