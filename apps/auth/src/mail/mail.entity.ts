import { Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';

/** A message that is not sent yet, or was given up. It belongs to no project. */
@Entity()
@Index('mail_next_attempt_at_idx', ['nextAttemptAt'], { where: 'failed_at IS NULL' })
export class Mail {
  @PrimaryColumn('uuid')
  id!: string;

  /** The message, sealed: it contains a link with a token. */
  @Column('bytea')
  content!: Buffer;

  /** When its link expires: it is not sent after that. */
  @Column('timestamptz', { nullable: true })
  expiresAt!: Date | null;

  @Column('integer', { default: 0 })
  attempts!: number;

  /** While it is being sent: when another attempt may assume that this one was lost. */
  @Column('timestamptz', { default: () => 'now()' })
  nextAttemptAt!: Date;

  /** When it was given up. */
  @Column('timestamptz', { nullable: true })
  failedAt!: Date | null;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;
}
