/** The accounting context of a request, sealed by the gateway and opened by auth. */
import { accountingContext } from '@xerotier/contracts/inference';
import type { AccountingContext } from '@xerotier/contracts/inference';
import { open, seal, UnsealError } from '@xerotier/sealing';
import type { EncryptionContext } from '@xerotier/sealing';
import type { KeyObject } from 'node:crypto';

/**
 * Seals a context for its request. Call it once per request, not per choice.
 * @param key 32 bytes.
 * @returns base64url.
 */
export function sealAccounting(key: KeyObject, context: AccountingContext): string {
  return seal(key, JSON.stringify(context), sealedFor(context.requestId)).toString('base64url');
}

/**
 * @param keys the current key and, during a rotation, the previous one.
 * @throws {UnsealError} if it was modified, belongs to another request, or was sealed under another key.
 */
export function openAccounting(keys: readonly Uint8Array[], accounting: string, requestId: string): AccountingContext {
  const sealed = Buffer.from(accounting, 'base64url');
  const content = openWithOne(keys, sealed, sealedFor(requestId));
  const { success, data, error } = accountingContext.safeParse(JSON.parse(content.toString()));
  if (!success) throw new UnsealError('Sealed by another version', { cause: error });
  return data;
}

function openWithOne(keys: readonly Uint8Array[], sealed: Uint8Array, context: EncryptionContext): Buffer {
  let failure: unknown;
  for (const key of keys) {
    try {
      return open(key, sealed, context);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function sealedFor(requestId: string): EncryptionContext {
  return ['usage', requestId];
}
