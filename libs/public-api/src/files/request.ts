import { z } from 'zod';
import { formNumber } from '../fields/form-values.ts';
import { storableText } from '../fields/storable-text.ts';
import { components } from '../openapi/components.ts';
import { pageQueryFields } from '../page/page.ts';

/** Maximum size of a file. */
export const FILE_BYTES_MAX = 512 * 1024 * 1024;

const HOUR = 3_600;
const DAY = 24 * HOUR;
/** How long a file may be kept with `expires_after`, in seconds. */
export const EXPIRY_SECONDS = { min: HOUR, max: 30 * DAY } as const;

/** What clients may upload files for. */
export const uploadPurpose = z.enum(['assistants', 'batch', 'fine-tune', 'vision', 'user_data', 'evals']);

/** Segments that are neither empty nor dots, as of a relative path with forward slashes. */
const SEGMENTS = /^(?!\.{1,2}(?:\/|$))[^/]+(?:\/(?!\.{1,2}(?:\/|$))[^/]+)*$/;

export const relativePath = storableText(1_024)
  .regex(SEGMENTS, "must be a relative path with '/', without '.' and '..'")
  .describe('A path below which the file is listed, such as `corpus/2026/a.txt`.');

export const createFileRequest = z
  .object({
    purpose: uploadPurpose.describe('What the file is for.'),
    expires_after: z
      .object({
        anchor: z.literal('created_at'),
        seconds: formNumber(z.number().int().min(EXPIRY_SECONDS.min).max(EXPIRY_SECONDS.max)),
      })
      .optional()
      .describe('When the file is deleted. Default: files with the purpose `batch` after 30 days, others never.'),
    relative_path: relativePath.optional(),
  })
  .register(components, { id: 'CreateFileRequest' });

export const LIST_FILES_MAX = 10_000;

export const filesQuery = z.object({
  ...pageQueryFields('desc', { default: LIST_FILES_MAX, max: LIST_FILES_MAX }),
  purpose: storableText(64).optional().describe('Only files with this purpose.'),
  prefix: storableText(1_024).optional().describe('Only files whose `relative_path` begins with this text.'),
});
