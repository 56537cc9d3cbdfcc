import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** A service tier. A limit that is null is unlimited. */
@Entity()
@Check('tier_slug_check', `slug ~ '^[a-z0-9_]{1,64}$'`)
@Check('tier_requests_per_minute_check', 'requests_per_minute > 0')
@Check('tier_tokens_per_minute_check', 'tokens_per_minute > 0')
@Check('tier_endpoints_max_check', 'endpoints_max > 0')
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
}
