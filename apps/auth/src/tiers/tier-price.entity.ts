import { Check, Column, CreateDateColumn, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import { Tier } from './tier.entity.ts';

/**
 * One version of the prices of a tier, valid until the next one. Triggers of the migration prevent changes and deletions. Prices
 * are micro-units (millionths of a US dollar) per million tokens; `bigint` columns are strings.
 */
@Entity()
@Unique('tier_price_valid_from_key', ['tier', 'validFrom'])
@Check('tier_price_version_check', 'version > 0')
@Check('tier_price_input_micros_check', 'input_micros BETWEEN 0 AND 1000000000')
@Check('tier_price_cached_input_micros_check', 'cached_input_micros BETWEEN 0 AND 1000000000')
@Check('tier_price_output_micros_check', 'output_micros BETWEEN 0 AND 1000000000')
@Check('tier_price_batch_discount_percent_check', 'batch_discount_percent BETWEEN 0 AND 100')
export class TierPrice {
  @ForeignKey(() => Tier)
  @PrimaryColumn('text')
  tier!: string;

  /** Counts from 1. */
  @PrimaryColumn('integer')
  version!: number;

  @Column('timestamptz')
  validFrom!: Date;

  @Column('bigint')
  inputMicros!: string;

  /** Of prompt tokens that the engine reused from its cache. */
  @Column('bigint')
  cachedInputMicros!: string;

  @Column('bigint')
  outputMicros!: string;

  /** Of requests with the priority `batch`. */
  @Column('integer')
  batchDiscountPercent!: number;

  /** The operating system user of the operator. */
  @Column('text')
  createdBy!: string;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
