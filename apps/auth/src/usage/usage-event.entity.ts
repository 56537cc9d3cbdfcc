import { Check, Column, CreateDateColumn, Entity, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';

/**
 * The usage of one request: triggers of the migration prevent changes and deletions. It has no foreign keys, because a
 * record outlives the endpoint and the API key it names. `bigint` columns are strings.
 */
@Entity()
@Unique('usage_event_request_key', ['requestId', 'kind'])
@Index('usage_event_project_idx', ['projectId', 'startedAt'])
@Check('usage_event_source_check', "source IN ('gateway', 'worker')")
@Check('usage_event_prompt_tokens_check', 'prompt_tokens >= 0')
@Check('usage_event_cached_tokens_check', 'cached_tokens >= 0')
@Check('usage_event_completion_tokens_check', 'completion_tokens >= 0')
@Check('usage_event_reasoning_tokens_check', 'reasoning_tokens >= 0')
@Check('usage_event_accepted_prediction_tokens_check', 'accepted_prediction_tokens >= 0')
@Check('usage_event_rejected_prediction_tokens_check', 'rejected_prediction_tokens >= 0')
@Check('usage_event_duration_ms_check', 'duration_ms >= 0')
@Check('usage_event_time_to_first_token_ms_check', 'time_to_first_token_ms >= 0')
@Check('usage_event_time_per_output_token_ms_check', 'time_per_output_token_ms >= 0')
@Check('usage_event_target_time_to_first_token_ms_check', 'target_time_to_first_token_ms > 0')
@Check('usage_event_target_time_per_output_token_ms_check', 'target_time_per_output_token_ms > 0')
@Check('usage_event_cost_micros_check', 'cost_micros >= 0')
export class UsageEvent {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: string;

  @Column('text')
  requestId!: string;

  @Column('text')
  kind!: string;

  @Column('text')
  projectId!: string;

  @Column('uuid')
  endpointId!: string;

  @Column('text')
  keyId!: string;

  @Column('text')
  modelId!: string;

  @Column('text')
  tier!: string;

  @Column('text')
  priority!: string;

  @Column('text')
  outcome!: string;

  @Column('boolean')
  streamed!: boolean;

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

  @Column('timestamptz')
  startedAt!: Date;

  @Column('bigint')
  durationMs!: string;

  @Column('bigint', { nullable: true })
  timeToFirstTokenMs!: string | null;

  @CreateDateColumn({ type: 'timestamptz' })
  recordedAt!: Date;

  /** The requested tier (`service_tier`); null when absent. */
  @Column('text', { nullable: true })
  requestedServiceTier!: string | null;

  /** The end user (`user`); null when absent. */
  @Column('text', { nullable: true })
  endUser!: string | null;

  /** Mean time per token from the first token of a choice to its last; null with fewer than two tokens. */
  @Column('numeric', { nullable: true, precision: 12, scale: 3 })
  timePerOutputTokenMs!: string | null;

  /** The latency targets of the client, to compare with the measured values; null when absent. */
  @Column('bigint', { nullable: true })
  targetTimeToFirstTokenMs!: string | null;

  @Column('bigint', { nullable: true })
  targetTimePerOutputTokenMs!: string | null;

  /** In micro-units: millionths of a US dollar. Null if it is unknown: rows from before the prices, or of a tier without them. */
  @Column('bigint', { nullable: true })
  costMicros!: string | null;

  /** The version of the prices of the tier when the request started. */
  @Column('integer', { nullable: true })
  priceVersion!: number | null;

  /** `worker`: written from the reports of workers, since the gateway was lost. */
  @Column('text', { default: 'gateway' })
  source!: 'gateway' | 'worker';

  /** Whether a choice ended without the usage of a worker, so that its tokens are those that arrived. */
  @Column('boolean', { default: false })
  estimated!: boolean;
}
