/** What the files service serves: files and uploads of projects, encrypted. */
import { LIST_FILES_MAX, uploadPurpose } from '@xerotier/public-api/files';
import { PARTS_MAX, UPLOAD_BYTES_MAX } from '@xerotier/public-api/uploads';
import { z } from 'zod';
import { changeContext } from '../auth/change.ts';
import { request, service } from '../define.ts';
import { projectId } from '../ids.ts';
import { fileId, storedFile } from './file.ts';
import { transfer } from './transfer.ts';
import { storedPart, storedUpload, uploadId } from './upload.ts';

const TIMEOUT_MS = 5_000;

/** Completing an upload reads all of it, if an MD5 is to be verified: 8 GB. */
const COMPLETE_TIMEOUT_MS = 10 * 60_000;

const seconds = z.number().int().positive();
const oneUpload = z.object({ projectId, id: uploadId });
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
      /** For a file that the platform writes for the project, instead of the fields of the form. */
      writes: z.object({ purpose: z.enum(['batch_output']), expiresAfterSeconds: seconds.optional() }).optional(),
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
  createUpload: request({
    subject: 'files.v1.uploads.create',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      context: changeContext,
      purpose: uploadPurpose,
      filename: z.string().min(1).max(512),
      relativePath: z.string().max(1_024).optional(),
      mimeType: z.string().max(256),
      bytes: z.number().int().positive().max(UPLOAD_BYTES_MAX),
      /** Of the file, after it was completed. */
      expiresAfterSeconds: seconds.optional(),
    }),
    output: storedUpload,
    errors: ['request.invalid', 'storage.quota_exceeded', 'idempotency.key_reused', 'db.unavailable'],
  }),
  getUpload: request({
    subject: 'files.v1.uploads.get',
    timeoutMs: TIMEOUT_MS,
    input: oneUpload,
    output: storedUpload,
    errors: ['upload.not_found', 'db.unavailable'],
  }),
  /** Prepares the transfer of a form with a part. */
  beginPart: request({
    subject: 'files.v1.uploads.begin-part',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      context: changeContext,
      uploadId,
      /** Length of the form, if the client tells it. */
      formBytes: z.number().int().nonnegative().optional(),
    }),
    output: transfer,
    errors: [
      'upload.not_found',
      'upload.not_pending',
      'file.too_large',
      'file.too_many_transfers',
      'storage.quota_exceeded',
      'db.unavailable',
    ],
  }),
  listParts: request({
    subject: 'files.v1.uploads.list-parts',
    timeoutMs: TIMEOUT_MS,
    input: oneUpload.extend({
      after: z.string().max(256).optional(),
      limit: z.number().int().min(1).max(1_000),
      order: z.enum(['asc', 'desc']),
    }),
    output: z.object({ data: z.array(storedPart), hasMore: z.boolean() }),
    errors: ['upload.not_found', 'list.unknown_cursor', 'db.unavailable'],
  }),
  completeUpload: request({
    subject: 'files.v1.uploads.complete',
    timeoutMs: COMPLETE_TIMEOUT_MS,
    input: z.object({
      context: changeContext,
      uploadId,
      partIds: z.array(z.string().max(64)).min(1).max(PARTS_MAX),
      md5: z.string().length(32).optional(),
    }),
    output: storedUpload,
    errors: [
      'upload.not_found',
      'upload.not_pending',
      'upload.rejected',
      'idempotency.key_reused',
      'file.too_many_transfers',
      'outbox.full',
      'store.unavailable',
      'db.unavailable',
    ],
  }),
  /** Cancelling a cancelled upload changes nothing. */
  cancelUpload: request({
    subject: 'files.v1.uploads.cancel',
    timeoutMs: TIMEOUT_MS,
    input: oneUpload,
    output: storedUpload,
    errors: ['upload.not_found', 'upload.not_pending', 'db.unavailable'],
  }),
});
