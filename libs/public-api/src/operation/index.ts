export { basesOf } from './base-paths.ts';
export { defineOperation } from './define-operation.ts';
export type { BodyOf, FileField, OperationDefinition, QueryOf, ResponseOf } from './define-operation.ts';
export type { Permission } from './permissions.ts';
export { decodeQuery } from './query-string.ts';
export { RATE_LIMIT_HEADERS, responseHeaderTexts } from './response-headers.ts';
export { tags } from './tags.ts';
export { IDEMPOTENCY_KEY_LENGTH_MAX } from './idempotency-headers.ts';
