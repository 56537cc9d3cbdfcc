export {
  addUploadPart,
  cancelUpload,
  completeUpload,
  createUpload,
  getUpload,
  listUploadParts,
  uploadsOperations,
} from './uploads.api.ts';
export { MODEL_BYTES_MAX, MODEL_PART_BYTES_MAX, PART_BYTES_MAX, PARTS_MAX, UPLOAD_BYTES_MAX } from './limits.ts';
export { MODEL_FILES_MAX, modelName, modelVersionNumber, VERSION_NOTES_MAX } from './model-request.ts';
export { addUploadPartRequest, createUploadRequest, partedPurpose } from './request.ts';
export { uploadStatus } from './response.ts';
