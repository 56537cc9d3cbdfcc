import { z } from 'zod';
import { BODY_ERRORS, CHANGE_ERRORS, STORAGE_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { idempotencyHeaders } from '../operation/idempotency-headers.ts';
import { addUploadPartRequest, completeUploadRequest, createUploadRequest, uploadPartsQuery } from './request.ts';
import { upload, uploadPart, uploadPartList } from './response.ts';

const COLLECTION = '/v1/uploads';
const ONE = `${COLLECTION}/{upload}` as const;
const common = { tag: 'Uploads', bases: 'project' } as const;
const params = z.object({ upload: z.string().describe('The `id` of an upload.') });
const changed = [...STORAGE_ERRORS, ...BODY_ERRORS, ...CHANGE_ERRORS] as const;

export const createUpload = defineOperation({
  ...common,
  operationId: 'createUpload',
  sdk: { node: 'uploads.create' },
  method: 'post',
  path: COLLECTION,
  permission: 'files:write',
  summary: 'Create upload',
  description:
    'Begins the upload of a file of up to 8 GB in parts, which expires after an hour; or of a model (`purpose: model`), which expires after a day.',
  headers: idempotencyHeaders,
  request: createUploadRequest,
  example: { filename: 'corpus.jsonl', purpose: 'batch', bytes: 2_147_483_648, mime_type: 'application/jsonl' },
  response: upload,
  errors: [...changed, 'storage_quota_exceeded', 'invalid_model'],
});

export const getUpload = defineOperation({
  ...common,
  operationId: 'getUpload',
  method: 'get',
  path: ONE,
  permission: 'files:read',
  summary: 'Get upload',
  params,
  response: upload,
  errors: [...STORAGE_ERRORS, 'upload_not_found'],
});

export const addUploadPart = defineOperation({
  ...common,
  operationId: 'addUploadPart',
  sdk: { node: 'uploads.parts.create' },
  method: 'post',
  path: `${ONE}/parts`,
  permission: 'files:write',
  summary: 'Add upload part',
  description:
    'Adds a part of up to 64 MB, or 100 MiB for models. Parts may be sent at the same time, and in any order.',
  params,
  headers: idempotencyHeaders,
  request: addUploadPartRequest,
  // Its hash would be that of no file that a reader has.
  example: {},
  files: [{ name: 'data', min: 1, max: 1 }],
  isBodyStreamed: true,
  response: uploadPart,
  errors: [...changed, 'upload_not_found', 'file_too_large', 'storage_quota_exceeded'],
});

export const listUploadParts = defineOperation({
  ...common,
  operationId: 'listUploadParts',
  method: 'get',
  path: `${ONE}/parts`,
  permission: 'files:read',
  summary: 'List upload parts',
  description: 'The parts that have arrived, for a client that resumes an upload.',
  params,
  query: uploadPartsQuery,
  response: uploadPartList,
  errors: [...STORAGE_ERRORS, 'upload_not_found'],
});

export const completeUpload = defineOperation({
  ...common,
  operationId: 'completeUpload',
  sdk: { node: 'uploads.complete' },
  method: 'post',
  path: `${ONE}/complete`,
  permission: 'files:write',
  summary: 'Complete upload',
  description:
    'Makes a file of the parts in the given order. Their sizes must add up to the size of the upload. That of a model has the status `processing` then, until it is checked: it becomes `completed` or `failed`.',
  params,
  headers: idempotencyHeaders,
  request: completeUploadRequest,
  example: { part_ids: ['part_0123456789abcdef01234567'] },
  response: upload,
  errors: [...changed, 'upload_not_found'],
});

export const cancelUpload = defineOperation({
  ...common,
  operationId: 'cancelUpload',
  sdk: { node: 'uploads.cancel' },
  method: 'post',
  path: `${ONE}/cancel`,
  permission: 'files:write',
  summary: 'Cancel upload',
  description: 'Deletes the parts of an upload that is pending or processing. Cancelling it again changes nothing.',
  params,
  response: upload,
  errors: [...STORAGE_ERRORS, ...BODY_ERRORS, 'upload_not_found'],
});

/** In the order of the reference. */
export const uploadsOperations = [
  createUpload,
  getUpload,
  addUploadPart,
  listUploadParts,
  completeUpload,
  cancelUpload,
] as const;
