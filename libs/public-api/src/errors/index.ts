export { PUBLIC_ERROR_CODES, publicErrors, publicErrorType } from './public-errors.ts';
export type { PublicErrorCode, PublicErrors, PublicErrorType } from './public-errors.ts';
export { errorResponse, streamError } from './response.ts';
