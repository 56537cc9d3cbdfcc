import type { EntityManager } from 'typeorm';

/** @throws {Error} outside a transaction: a row of the outbox or inbox must be committed together with its change. */
export function assertInTransaction(manager: EntityManager): void {
  if (manager.queryRunner?.isTransactionActive === true) return;
  throw new Error('Expected a transaction: pass the manager of `transaction(...)`.');
}
