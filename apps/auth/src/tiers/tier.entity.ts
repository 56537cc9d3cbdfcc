import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** A service tier. A limit that is null is unlimited. */
@Entity()
@Check('tier_slug_check', `slug ~ '^[a-z0-9_]{1,64}$'`)
@Check('tier_requests_per_minute_check', 'requests_per_minute > 0')
@Check('tier_tokens_per_minute_check', 'tokens_per_minute > 0')
@Check('tier_endpoints_max_check', 'endpoints_max > 0')
@Check('tier_concurrency_max_check', 'concurrency_max > 0')
@Check('tier_burst_requests_check', 'burst_requests >= 0')
@Check('tier_request_timeout_seconds_check', 'request_timeout_seconds > 0')
@Check('tier_idle_timeout_seconds_check', 'idle_timeout_seconds > 0')
@Check('tier_model_bytes_max_check', 'model_bytes_max > 0')
@Check('tier_storage_bytes_max_check', 'storage_bytes_max > 0')
@Check('tier_batch_tokens_max_check', 'batch_tokens_max > 0')
export class Tier {
  @PrimaryColumn('text')
  slug!: string;

  @Column('text')
  name!: string;

  @Column('integer', { nullable: true })
  requestsPerMinute!: number | null;

  @Column('integer', { nullable: true })
  tokensPerMinute!: number | null;

  /** Maximum number of endpoints of a project on this tier. */
  @Column('integer', { nullable: true })
  endpointsMax!: number | null;

  /** Maximum number of running requests of a key. */
  @Column('integer', { nullable: true })
  concurrencyMax!: number | null;

  /** Requests beyond those per minute that may arrive at once. */
  @Column('integer', { nullable: true })
  burstRequests!: number | null;

  @Column('integer', { nullable: true })
  requestTimeoutSeconds!: number | null;

  /** Maximum time without output of a stream. */
  @Column('integer', { nullable: true })
  idleTimeoutSeconds!: number | null;

  /** The largest model that an endpoint on this tier may serve. */
  @Column('bigint', { nullable: true })
  modelBytesMax!: string | null;

  /** What a project with an endpoint on this tier may store. */
  @Column('bigint', { nullable: true })
  storageBytesMax!: string | null;

  /** Tokens that a project with an endpoint on this tier may have enqueued in batches. */
  @Column('bigint', { nullable: true })
  batchTokensMax!: string | null;

  /** A deleted tier keeps its row, which prices and deleted endpoints refer to, and its slug. */
  @Column('timestamptz', { nullable: true })
  deletedAt!: Date | null;
}
