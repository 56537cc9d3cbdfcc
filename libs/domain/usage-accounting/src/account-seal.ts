/** The account of a request, sealed by the gateway and opened by auth. */
import { account, accountOf } from '@xerotier/contracts/inference';
import type { Account, RequestContext, RequestFacts } from '@xerotier/contracts/inference';
import { open, seal, UnsealError } from '@xerotier/sealing';
import type { EncryptionContext } from '@xerotier/sealing';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { encodeFacts } from './request-facts.ts';

const SEALED_AS: EncryptionContext = ['usage account'];

/** How long a seal is used for the requests of its account. */
const SEAL_MS = 30_000;
/** By how much the clock of a gateway may be set while it uses a seal. */
const CLOCK_STEP_MS = 60_000;
/** About 5 MB. Beyond it, all are sealed anew. */
const SEALS_MAX = 10_000;

const content = z.object({
  account,
  /** Unix milliseconds, clock of the gateway. */
  sealedAt: z.number().int(),
});

/**
 * Encrypts accounts, so that a worker can return but not read them. Requests of the same account share a seal for half a minute,
 * since encryption for each would cost more than all else that the ledger needs of it. A worker could use a seal for requests that
 * do not exist, but only for an account that it serves at that time; it could report as much for requests that do exist.
 */
export class AccountSealer {
  readonly #key: KeyObject;
  readonly #now: () => number;
  readonly #seals = new Map<string, string>();
  #sealedAt = -Infinity;

  /** @param key 32 bytes. */
  constructor(key: KeyObject, now: () => number = Date.now) {
    this.#key = key;
    this.#now = now;
  }

  /** Returns what a worker has to return with its report of a request. */
  accountingOf(context: RequestContext, facts: RequestFacts): string {
    return `${this.seal(context)}.${encodeFacts(facts)}`;
  }

  /** Returns the account of a request, sealed, as base64url. */
  seal(context: RequestContext): string {
    const now = this.#now();
    const age = now - this.#sealedAt;
    if (age < 0 || age >= SEAL_MS || this.#seals.size >= SEALS_MAX) {
      this.#seals.clear();
      this.#sealedAt = now;
    }
    const name = nameOf(context);
    let sealed = this.#seals.get(name);
    if (sealed === undefined) {
      const text = JSON.stringify({ account: accountOf(context), sealedAt: this.#sealedAt });
      sealed = seal(this.#key, text, SEALED_AS).toString('base64url');
      this.#seals.set(name, sealed);
    }
    return sealed;
  }
}

/**
 * @param keys the current key and, during a rotation, the previous one.
 * @param startedAt when the request started, in Unix milliseconds, clock of its gateway.
 * @throws {UnsealError} if it was modified, was sealed under another key, or for requests of another time.
 */
export function openAccount(keys: readonly Uint8Array[], sealed: string, startedAt: number): Account {
  const opened = openWithOne(keys, Buffer.from(sealed, 'base64url'));
  const { success, data, error } = content.safeParse(JSON.parse(opened.toString()));
  if (!success) throw new UnsealError('Sealed by another version', { cause: error });
  const age = startedAt - data.sealedAt;
  if (age < -CLOCK_STEP_MS || age > SEAL_MS + CLOCK_STEP_MS)
    throw new UnsealError('Sealed for requests of another time');
  return data.account;
}

function openWithOne(keys: readonly Uint8Array[], sealed: Uint8Array): Buffer {
  let failure: unknown;
  for (const key of keys) {
    try {
      return open(key, sealed, SEALED_AS);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Distinguishes accounts. What clients can choose is last, since it can have any character. */
function nameOf({
  projectId,
  endpointId,
  keyId,
  modelId,
  tier,
  requestedServiceTier,
  ...more
}: RequestContext): string {
  const { latencyTargets, endUser } = more;
  const targets = latencyTargets && JSON.stringify(latencyTargets);
  const user = endUser === undefined ? '' : `user ${endUser}`;
  return `${projectId} ${endpointId} ${keyId} ${modelId} ${tier} ${requestedServiceTier} ${targets} ${user}`;
}
