export { createFile, deleteFile, filesOperations, getFile, getFileContent, listFiles } from './files.api.ts';
export { createFileRequest, EXPIRY_SECONDS, FILE_BYTES_MAX, LIST_FILES_MAX, uploadPurpose } from './request.ts';
export { filePurpose } from './response.ts';
