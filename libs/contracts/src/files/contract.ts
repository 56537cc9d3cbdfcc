/** What the files service serves: files and uploads of projects, encrypted. */
import { LIST_FILES_MAX } from '@xerotier/public-api/files';
import {
  MODEL_BYTES_MAX,
  MODEL_FILES_MAX,
  modelName,
  modelVersionNumber,
  partedPurpose,
  PARTS_MAX,
  VERSION_NOTES_MAX,
} from '@xerotier/public-api/uploads';
import { z } from 'zod';
import { changeContext } from '../auth/change.ts';
import { request, service } from '../define.ts';
import { projectId } from '../ids.ts';
import { fileId, storedFile } from './file.ts';
import { sha256, storedModelFile } from './model-file.ts';
import { byteRange, transfer } from './transfer.ts';
import { storedPart, storedUpload, uploadId } from './upload.ts';

const TIMEOUT_MS = 5_000;

/** Completing an upload reads all of it, if an MD5 is to be verified: 8 GB. */
const COMPLETE_TIMEOUT_MS = 10 * 60_000;

const seconds = z.number().int().positive();
const oneUpload = z.object({ projectId, id: uploadId });
const oneFile = z.object({ projectId, id: fileId });
const oneModelVersion = z.object({ projectId, versionId: z.uuid() });

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
      /** Absent for everything. */
      range: byteRange.optional(),
    }),
    errors: ['file.not_found', 'file.range_not_satisfiable', 'file.too_many_transfers', 'db.unavailable'],
  }),
  createUpload: request({
    subject: 'files.v1.uploads.create',
    timeoutMs: TIMEOUT_MS,
    input: z.object({
      context: changeContext,
      purpose: partedPurpose,
      filename: z.string().min(1).max(512),
      relativePath: z.string().max(1_024).optional(),
      mimeType: z.string().max(256),
      bytes: z.number().int().positive().max(MODEL_BYTES_MAX),
      /** Of the file, after it was completed. */
      expiresAfterSeconds: seconds.optional(),
      /** With the purpose `model`, and no other. */
      model: z
        .object({
          name: modelName,
          version: modelVersionNumber.optional(),
          versionNotes: z.string().min(1).max(VERSION_NOTES_MAX).optional(),
          promote: z.boolean().optional(),
        })
        .optional(),
      /** The files of a model, whose sizes add up to `bytes`. Absent for an archive. */
      files: z
        .array(
          z.object({
            path: z.string().min(1).max(256),
            bytes: z.number().int().nonnegative(),
            sha256: sha256.optional(),
          }),
        )
        .min(1)
        .max(MODEL_FILES_MAX)
        .optional(),
    }),
    output: storedUpload,
    errors: [
      'request.invalid',
      'model.invalid_file',
      'storage.quota_exceeded',
      'idempotency.key_reused',
      'auth.unavailable',
      'db.unavailable',
    ],
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
  /** Of a pending upload, or of a model that is processed. Cancelling a cancelled upload changes nothing. */
  cancelUpload: request({
    subject: 'files.v1.uploads.cancel',
    timeoutMs: TIMEOUT_MS,
    input: oneUpload,
    output: storedUpload,
    errors: ['upload.not_found', 'upload.not_pending', 'db.unavailable'],
  }),
  /** The files of a version of a model, by their path. Those of an unknown version are `file.not_found`. */
  listModelFiles: request({
    subject: 'files.v1.model-files.list',
    timeoutMs: TIMEOUT_MS,
    input: oneModelVersion,
    output: z.object({ files: z.array(storedModelFile) }),
    errors: ['file.not_found', 'db.unavailable'],
  }),
  /** Prepares the transfer of a file of a model, or of a range of it. */
  openModelFile: request({
    subject: 'files.v1.model-files.open',
    timeoutMs: TIMEOUT_MS,
    input: oneModelVersion.extend({
      path: z.string().min(1).max(256),
      /** As of `openContent`. */
      range: z.string().max(256).optional(),
    }),
    output: z.object({ file: storedModelFile, transfer, range: byteRange.optional() }),
    errors: ['file.not_found', 'file.range_not_satisfiable', 'file.too_many_transfers', 'db.unavailable'],
  }),
});
