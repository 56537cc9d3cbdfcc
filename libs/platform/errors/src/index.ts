export { AppError, ensure } from './app-error.ts';
export type { ErrorDetails, ErrorOptions, WireError } from './app-error.ts';
export { publicErrorBody, retryAfterSeconds } from './public-error.ts';
export type { PublicErrorBody } from './public-error.ts';
