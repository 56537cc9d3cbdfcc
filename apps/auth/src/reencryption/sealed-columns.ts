import { idempotencyContext } from '@xerotier/idempotency';
import type { EncryptionContext } from '@xerotier/sealing';
import { mailContext } from '../mail/mail-queue.ts';
import { totpContext } from '../second-factor/second-factor-check.ts';

/** A column whose values are sealed by `SecretBox`. */
export interface SealedColumn {
  readonly table: string;
  /** The columns of its primary key. */
  readonly ids: readonly string[];
  readonly column: string;
  /** Of the value of a row, by the values of `ids`. */
  readonly contextOf: (...ids: string[]) => EncryptionContext;
}

/** All of them: a rotation of the master key covers no others. A test compares it with the entities. */
export const SEALED_COLUMNS: readonly SealedColumn[] = [
  { table: 'auth.idempotency_key', ids: ['project_id', 'key'], column: 'result', contextOf: idempotencyContext },
  { table: 'auth.mail', ids: ['id'], column: 'content', contextOf: mailContext },
  { table: 'auth.totp', ids: ['account_id'], column: 'secret', contextOf: totpContext },
];
