export {
  addUploadPart,
  cancelUpload,
  completeUpload,
  createUpload,
  getUpload,
  listUploadParts,
  uploadsOperations,
} from './uploads.api.ts';
export { addUploadPartRequest, PART_BYTES_MAX, PARTS_MAX, UPLOAD_BYTES_MAX } from './request.ts';
export { uploadStatus } from './response.ts';
