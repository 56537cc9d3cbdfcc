/** What the files service serves: files and uploads of projects, encrypted. */
import { LIST_FILES_MAX } from '@xerotier/public-api/files';
import { z } from 'zod';
import { changeContext } from '../auth/change.ts';
import { request, service } from '../define.ts';
import { projectId } from '../ids.ts';
import { fileId, storedFile } from './file.ts';
import { transfer } from './transfer.ts';

const TIMEOUT_MS = 5_000;

const oneFile = z.object({ projectId, id: fileId });

/** The file of another project is `file.not_found`, like one that does not exist. */
export const filesContract = service('files', {
  /** Prepares the transfer of a form with a file, by which it is created. */
  beginFile: request({
    subject: 'files.v1.files.begin',
    timeoutMs: TIMEOUT_MS,
    input: changeContext.extend({
      /** Length of the form, if the client tells it. */
      formBytes: z.number().int().nonnegative().optional(),
    }),
    output: transfer,
    errors: [
      'file.too_large',
      'file.too_many_transfers',
      'storage.quota_exceeded',
      'auth.unavailable',
      'db.unavailable',
    ],
  }),
  listFiles: request({
    subject: 'files.v1.files.list',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      projectId,
      /** The last id of the previous page. */
      after: z.string().max(256).optional(),
      limit: z.number().int().min(1).max(LIST_FILES_MAX),
      order: z.enum(['asc', 'desc']),
      purpose: z.string().max(64).optional(),
      /** What the relative path begins with. */
      prefix: z.string().max(1_024).optional(),
    }),
    /** A page may be shorter than its limit, since a bus message is bounded; `hasMore` is false on the last page. */
    output: z.object({ data: z.array(storedFile), hasMore: z.boolean() }),
    errors: ['list.unknown_cursor', 'db.unavailable'],
  }),
  getFile: request({
    subject: 'files.v1.files.get',
    timeoutMs: TIMEOUT_MS,
    input: oneFile,
    output: storedFile,
    errors: ['file.not_found', 'db.unavailable'],
  }),
  deleteFile: request({
    subject: 'files.v1.files.delete',
    timeoutMs: TIMEOUT_MS,
    input: oneFile,
    output: z.object({}),
    errors: ['file.not_found', 'outbox.full', 'db.unavailable'],
  }),
  /** Prepares the transfer of the content of a file, or of a range of it. */
  openContent: request({
    subject: 'files.v1.files.open-content',
    timeoutMs: TIMEOUT_MS,
    input: oneFile.extend({
      /** As in the header `Range`: an invalid one, and one of several ranges, is ignored. Default: everything. */
      range: z.string().max(256).optional(),
    }),
    output: z.object({
      file: storedFile,
      transfer,
      /** Bytes of the content, `end` excluded. Absent for everything. */
      range: z.object({ start: z.number().int().nonnegative(), end: z.number().int().nonnegative() }).optional(),
    }),
    errors: ['file.not_found', 'file.range_not_satisfiable', 'file.too_many_transfers', 'db.unavailable'],
  }),
});
