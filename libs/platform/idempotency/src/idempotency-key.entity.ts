import { Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';

/** The result of a request that had an `Idempotency-Key`, kept for 24 hours. */
@Entity()
export class IdempotencyKey {
  /** Or what a service uses for requests that belong to no project. */
  @PrimaryColumn('text')
  projectId!: string;

  @PrimaryColumn('text')
  key!: string;

  /** SHA-256 of the operation, its caller and its input: the same key with another request is an error. */
  @Column('bytea')
  requestHash!: Buffer;

  /** The result, sealed because it may contain a secret. Null inside of the first transaction only. */
  @Column('bytea', { nullable: true })
  result!: Buffer | null;

  @Index('idempotency_key_created_at_idx')
  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
