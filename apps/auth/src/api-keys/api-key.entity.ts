import type { Scope } from '@xerotier/contracts/auth';
import { EntitySchema } from 'typeorm';

/** An API key of a project. The key itself is not stored. */
export interface ApiKey {
  id: string;
  projectId: string;
  name: string;
  /** HMAC of the key's hash under the pepper: see KeyHasher. */
  keyHash: Buffer;
  /** The end of the key, for people to recognise it. */
  last4: string;
  /** The value before the last rotation, and until when it still counts. */
  previousKeyHash: Buffer | null;
  previousValidUntil: Date | null;
  scopes: Scope[];
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
  /** Up to a minute late. */
  lastUsedAt: Date | null;
}

export const ApiKeyEntity = new EntitySchema<ApiKey>({
  name: 'api_key',
  columns: {
    id: { type: 'text', primary: true },
    projectId: { type: 'text', name: 'project_id' },
    name: { type: 'text' },
    keyHash: { type: 'bytea', name: 'key_hash' },
    last4: { type: 'text' },
    previousKeyHash: { type: 'bytea', name: 'previous_key_hash', nullable: true },
    previousValidUntil: { type: 'timestamptz', name: 'previous_valid_until', nullable: true },
    scopes: { type: 'text', array: true },
    createdAt: { type: 'timestamptz', name: 'created_at', createDate: true },
    expiresAt: { type: 'timestamptz', name: 'expires_at', nullable: true },
    revokedAt: { type: 'timestamptz', name: 'revoked_at', nullable: true },
    lastUsedAt: { type: 'timestamptz', name: 'last_used_at', nullable: true },
  },
});
