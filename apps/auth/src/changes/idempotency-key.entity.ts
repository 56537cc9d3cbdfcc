import { Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';

/** The result of a change that had an `Idempotency-Key`, kept for 24 hours. */
@Entity()
export class IdempotencyKey {
  /** Or `SYSTEM_LOG_ID`. */
  @PrimaryColumn('text')
  projectId!: string;

  @PrimaryColumn('text')
  key!: string;

  /** SHA-256 of the operation and its input: the same key with another request is an error. */
  @Column('bytea')
  requestHash!: Buffer;

  /** The result, sealed because it may contain the value of a new API key. Null inside of the first transaction only. */
  @Column('bytea', { nullable: true })
  result!: Buffer | null;

  @Index('idempotency_key_created_at_idx')
  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
