/** Errors of the files service. */
import { defineErrors, TEMPORARILY_UNAVAILABLE } from '../define-errors.ts';

export const filesErrors = defineErrors({
  'file.not_found': {
    status: 404,
    publicCode: 'file_not_found',
    retryable: false,
    message: "File '{file}' was not found.",
  },
  'file.too_large': {
    status: 413,
    publicCode: 'file_too_large',
    retryable: false,
    message: 'The file is larger than {bytesMax} bytes. Upload it in parts (/v1/uploads).',
  },
  'file.range_not_satisfiable': {
    status: 416,
    publicCode: 'range_not_satisfiable',
    retryable: false,
    message: 'The range is not within the {bytes} bytes of the file.',
  },
  'upload.not_found': {
    status: 404,
    publicCode: 'upload_not_found',
    retryable: false,
    message: "Upload '{upload}' was not found.",
  },
  'upload.not_pending': {
    status: 400,
    publicCode: 'invalid_request',
    retryable: false,
    message: "Upload '{upload}' cannot be changed any more: it is {status}.",
  },
  'upload.rejected': {
    status: 400,
    publicCode: 'invalid_request',
    retryable: false,
    message: '{reason}',
  },
  'storage.quota_exceeded': {
    status: 403,
    publicCode: 'storage_quota_exceeded',
    retryable: false,
    message:
      'The files of the project would exceed its storage of {bytesMax} bytes, of which {bytesUsed} are used. Delete files, or choose a larger tier.',
  },
  'file.too_many_transfers': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'Too many files are transferred at once. Try again later.',
  },
  'file.too_many_readings': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'Too many files of requests are read at once. Try again later.',
  },
  'file.invalid_ticket': {
    status: 503,
    publicCode: 'service_unavailable',
    retryable: true,
    message: 'The ticket of a transfer is invalid or has expired.',
    publicMessage: TEMPORARILY_UNAVAILABLE,
  },
  'model.invalid_archive': {
    status: 400,
    publicCode: 'invalid_model',
    retryable: false,
    message: 'The archive was rejected: {reason}.',
  },
  'model.invalid_file': {
    status: 400,
    publicCode: 'invalid_model',
    retryable: false,
    message: 'The file {file} of the model was rejected: {reason}.',
  },
  'model.invalid': {
    status: 400,
    publicCode: 'invalid_model',
    retryable: false,
    message: 'The model was rejected: {reason}.',
  },
  'model.check_stopped': {
    status: 400,
    publicCode: 'invalid_model',
    retryable: false,
    message: 'The check of the model was stopped: {reason}.',
  },
});
