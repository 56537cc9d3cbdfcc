import { Column } from 'typeorm';

/** The columns that the rollups have in common: sums of ledger rows. `bigint` columns are strings. */
export abstract class UsageSums {
  @Column('bigint')
  requests!: string;

  @Column('bigint')
  failedRequests!: string;

  @Column('bigint')
  cancelledRequests!: string;

  @Column('bigint')
  promptTokens!: string;

  @Column('bigint')
  cachedTokens!: string;

  @Column('bigint')
  completionTokens!: string;

  @Column('bigint')
  reasoningTokens!: string;

  @Column('bigint')
  acceptedPredictionTokens!: string;

  @Column('bigint')
  rejectedPredictionTokens!: string;

  /** Without requests whose cost is unknown. */
  @Column('bigint')
  costMicros!: string;

  /** Requests whose cost is unknown. */
  @Column('bigint')
  unpricedRequests!: string;
}
