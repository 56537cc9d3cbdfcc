export { IdempotencyKey } from './idempotency-key.entity.ts';
export { createIdempotencyKeyTable, dropIdempotencyKeyTable } from './idempotency-key-table.ts';
export { IdempotencyKeys, idempotencyContext } from './idempotency-keys.ts';
export type { KeyedRequest } from './idempotency-keys.ts';
export { IdempotencyKeysPurgeModule } from './idempotency-keys-purge.module.ts';
