import { z } from 'zod';
import { BODY_ERRORS, CHANGE_ERRORS, STORAGE_ERRORS } from '../operation/common-errors.ts';
import { defineOperation } from '../operation/define-operation.ts';
import { idempotencyHeaders } from '../operation/idempotency-headers.ts';
import { createFileRequest, filesQuery } from './request.ts';
import { fileDeleted, fileList, fileObject } from './response.ts';

const COLLECTION = '/v1/files';
const ONE = `${COLLECTION}/{file}` as const;
const common = { tag: 'Files', bases: 'project' } as const;
const params = z.object({ file: z.string().describe('The `id` of a file.') });

export const createFile = defineOperation({
  ...common,
  operationId: 'createFile',
  sdk: { node: 'files.create' },
  method: 'post',
  path: COLLECTION,
  permission: 'files:write',
  summary: 'Create file',
  description:
    'Uploads a file of up to 512 MB. It is stored as it arrives, encrypted; larger files are uploaded in parts (`/v1/uploads`).',
  headers: idempotencyHeaders,
  request: createFileRequest,
  files: [{ name: 'file', min: 1, max: 1 }],
  isBodyStreamed: true,
  example: { purpose: 'batch' },
  response: fileObject,
  errors: [...STORAGE_ERRORS, ...BODY_ERRORS, ...CHANGE_ERRORS, 'file_too_large', 'storage_quota_exceeded'],
});

export const listFiles = defineOperation({
  ...common,
  operationId: 'listFiles',
  sdk: { node: 'files.list' },
  method: 'get',
  path: COLLECTION,
  permission: 'files:read',
  summary: 'List files',
  description: 'The files of the project, the newest first. A page may be shorter than its limit.',
  query: filesQuery,
  response: fileList,
  errors: STORAGE_ERRORS,
});

export const getFile = defineOperation({
  ...common,
  operationId: 'getFile',
  sdk: { node: 'files.retrieve' },
  method: 'get',
  path: ONE,
  permission: 'files:read',
  summary: 'Get file',
  params,
  response: fileObject,
  errors: [...STORAGE_ERRORS, 'file_not_found'],
});

export const deleteFile = defineOperation({
  ...common,
  operationId: 'deleteFile',
  sdk: { node: 'files.delete' },
  method: 'delete',
  path: ONE,
  permission: 'files:write',
  summary: 'Delete file',
  params,
  response: fileDeleted,
  errors: [...STORAGE_ERRORS, ...BODY_ERRORS, 'file_not_found'],
});

export const getFileContent = defineOperation({
  ...common,
  operationId: 'getFileContent',
  sdk: { node: 'files.content' },
  method: 'get',
  path: `${ONE}/content`,
  permission: 'files:read',
  summary: 'Get file content',
  description:
    'The bytes of a file, or with `Range: bytes=...` a range of them (206). If they cannot be read to the end, the connection is closed.',
  params,
  headers: z.object({ Range: z.string().optional().describe('One range, such as `bytes=0-1023`.') }),
  rawResponse: ['application/octet-stream'],
  hasRanges: true,
  responseHeaders: ['Accept-Ranges', 'Content-Range', 'Content-Disposition'],
  errors: [...STORAGE_ERRORS, 'file_not_found', 'range_not_satisfiable'],
});

/** In the order of the reference. */
export const filesOperations = [createFile, listFiles, getFile, deleteFile, getFileContent] as const;
