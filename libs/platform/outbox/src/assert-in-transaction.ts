import type { EntityManager } from 'typeorm';

/** @throws {Error} outside a transaction: a row of the outbox or the inbox means nothing without what it is committed with. */
export function assertInTransaction(manager: EntityManager): void {
  if (manager.queryRunner?.isTransactionActive === true) return;
  throw new Error('This belongs into a transaction: pass the manager that `transaction(...)` gives.');
}
