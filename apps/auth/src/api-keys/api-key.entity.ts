import type { Scope } from '@xerotier/contracts/auth';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { Endpoint } from '../endpoints/endpoint.entity.ts';
import { Project } from '../projects/project.entity.ts';

/** An API key of a project. The key itself is not stored. */
@Entity()
@Unique('api_key_hash_key', ['keyHash'])
@Index('api_key_previous_hash_key', ['previousKeyHash'], { unique: true, where: 'previous_key_hash IS NOT NULL' })
@Index('api_key_project_idx', ['projectId'])
@Check('api_key_name_check', 'length(name) BETWEEN 1 AND 256')
@Check('api_key_key_hash_check', 'octet_length(key_hash) = 32')
@Check('api_key_last4_check', 'length(last4) = 4')
@Check('api_key_previous_key_hash_check', 'octet_length(previous_key_hash) = 32')
@Check('api_key_scopes_check', `cardinality(scopes) > 0 AND scopes <@ ARRAY['inference', 'management', 'execution']`)
@Check('api_key_check', '(previous_key_hash IS NULL) = (previous_valid_until IS NULL)')
@Check('api_key_quota_check', '(quota_requests IS NULL) = (quota_window_seconds IS NULL)')
@Check('api_key_spend_cap_micros_check', 'spend_cap_micros >= 0')
export class ApiKey {
  @PrimaryColumn('text')
  id!: string;

  @ForeignKey(() => Project)
  @Column('text')
  projectId!: string;

  @Column('text')
  name!: string;

  /** HMAC of the key's hash under the pepper: see KeyHasher. */
  @Column('bytea')
  keyHash!: Buffer;

  /** The last characters of the key, for display. */
  @Column('text')
  last4!: string;

  /** The value before the last rotation, and until when it is valid. */
  @Column('bytea', { nullable: true })
  previousKeyHash!: Buffer | null;

  @Column('timestamptz', { nullable: true })
  previousValidUntil!: Date | null;

  @Column('text', { array: true })
  scopes!: Scope[];

  /** The only endpoint that the key may use; null for all of them. */
  @ForeignKey(() => Endpoint)
  @Column('uuid', { nullable: true })
  endpointId!: string | null;

  /** Addresses and networks in CIDR notation. If not empty, only these may use the key. */
  @Column('text', { array: true, default: '{}' })
  ipAllow!: string[];

  /** These may not use the key, even if they are allowed. */
  @Column('text', { array: true, default: '{}' })
  ipBlock!: string[];

  /** Requests in a window of `quotaWindowSeconds`; null for no quota of its own. */
  @Column('integer', { nullable: true })
  quotaRequests!: number | null;

  @Column('integer', { nullable: true })
  quotaWindowSeconds!: number | null;

  /** In micro-units per calendar month of UTC; null for no cap. `bigint` columns are strings. */
  @Column('bigint', { nullable: true })
  spendCapMicros!: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;

  @Column('timestamptz', { nullable: true })
  expiresAt!: Date | null;

  @Column('timestamptz', { nullable: true })
  revokedAt!: Date | null;

  /** Up to a minute behind. */
  @Column('timestamptz', { nullable: true })
  lastUsedAt!: Date | null;
}
