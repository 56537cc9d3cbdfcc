import { Inject, Injectable } from '@nestjs/common';
import { generateApiKey, hashApiKey } from '@xerotier/api-keys';
import { ANNOUNCE_ACCESS_CHANGE } from '../access/access-change.ts';
import type { AnnounceAccessChange } from '../access/access-change.ts';
import { ApiKeysRepository } from './api-keys.repository.ts';
import { KeyHasher } from './key-hasher.ts';

export const GRACE_MS_DEFAULT = 24 * 60 * 60 * 1_000;
export const GRACE_MS_MAX = 7 * GRACE_MS_DEFAULT;

export interface RotatedKey {
  /** The new key: show it once, store it nowhere. */
  readonly value: string;
  /** When the old value ends; null when it has ended already. */
  readonly previousValidUntil: Date | null;
}

/** What happens to a key after it was made. */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly repository: ApiKeysRepository,
    private readonly hasher: KeyHasher,
    @Inject(ANNOUNCE_ACCESS_CHANGE) private readonly announce: AnnounceAccessChange,
  ) {}

  /** Ends a key at once and for good. Returns false when there is no such key. */
  async revoke(keyId: string): Promise<boolean> {
    const projectId = await this.repository.revoke(keyId);
    if (projectId === null) return false;
    this.announce({ projectId, keyId });
    return true;
  }

  /**
   * Replaces the value of a key in place; the present one counts on for `graceMs` (default a day, 0 to 7 days).
   * Returns null when there is no such key, or when it is revoked or expired.
   * @throws {RangeError} when the grace time is out of bounds.
   */
  async rotate(keyId: string, graceMs = GRACE_MS_DEFAULT): Promise<RotatedKey | null> {
    if (!(graceMs >= 0 && graceMs <= GRACE_MS_MAX))
      throw new RangeError(`the grace time must be 0 to ${GRACE_MS_MAX} ms`);
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
