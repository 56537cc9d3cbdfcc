import { Inject, Injectable } from '@nestjs/common';
import { generateApiKey, hashApiKey } from '@xerotier/api-keys';
import { ANNOUNCE_ACCESS_CHANGE } from '../access/access-change.ts';
import type { AnnounceAccessChange } from '../access/access-change.ts';
import { ApiKeysRepository } from './api-keys.repository.ts';
import { KeyHasher } from './key-hasher.ts';

export const GRACE_MS_DEFAULT = 24 * 60 * 60 * 1_000;
export const GRACE_MS_MAX = 7 * GRACE_MS_DEFAULT;

export interface RotatedKey {
  /** The new key. Show it once, and do not store it. */
  readonly value: string;
  /** When the old value expires; null when it has expired already. */
  readonly previousValidUntil: Date | null;
}

/** Operations on existing API keys. */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly repository: ApiKeysRepository,
    private readonly hasher: KeyHasher,
    @Inject(ANNOUNCE_ACCESS_CHANGE) private readonly announce: AnnounceAccessChange,
  ) {}

  /** Revokes a key immediately and permanently. Returns false for an unknown key. */
  async revoke(keyId: string): Promise<boolean> {
    const projectId = await this.repository.revoke(keyId);
    if (projectId === null) return false;
    this.announce({ projectId, keyId });
    return true;
  }

  /**
   * Replaces the value of a key in place; the current value remains valid for `graceMs` (default a day, 0 to 7 days).
   * Returns null when the key is unknown, revoked or expired.
   * @throws {RangeError} when the grace period is out of range.
   */
  async rotate(keyId: string, graceMs = GRACE_MS_DEFAULT): Promise<RotatedKey | null> {
    if (!(graceMs >= 0 && graceMs <= GRACE_MS_MAX))
      throw new RangeError(`Expected a grace period between 0 and ${GRACE_MS_MAX} ms`);
    const projectSlug = await this.repository.findProjectSlug(keyId);
    if (projectSlug === null) return null;
    const value = generateApiKey(projectSlug);
    const next = { keyHash: this.hasher.hash(hashApiKey(value)), last4: value.slice(-4) };
    const replaced = await this.repository.replaceHash(keyId, next, Math.round(graceMs));
    if (replaced === null) return null;
    this.announce({ projectId: replaced.projectId, keyId });
    return { value, previousValidUntil: replaced.previousValidUntil };
  }
}
