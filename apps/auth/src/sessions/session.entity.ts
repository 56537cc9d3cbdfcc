import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { Account } from '../accounts/account.entity.ts';

/** A sign-in of an account from one client. It belongs to no project. */
@Entity()
@Unique('session_token_hash_key', ['tokenHash'])
@Index('session_account_idx', ['accountId', 'createdAt'])
@Index('session_expires_at_idx', ['expiresAt'])
@Check('session_token_hash_check', 'octet_length(token_hash) = 32')
export class Session {
  @PrimaryColumn('text')
  id!: string;

  /** SHA-256 of the token, which has 256 random bits and therefore needs neither salt nor pepper. */
  @Column('bytea')
  tokenHash!: Buffer;

  @ForeignKey(() => Account)
  @Column('text')
  accountId!: string;

  @CreateDateColumn({ type: 'timestamptz' })
  createdAt!: Date;

  /** Up to a minute behind. */
  @Column('timestamptz', { default: () => 'now()' })
  lastSeenAt!: Date;

  @Column('timestamptz')
  expiresAt!: Date;

  /** Of the sign-in, as is `userAgent`. */
  @Column('text')
  clientAddress!: string;

  @Column('text')
  userAgent!: string;

  @Column('timestamptz', { nullable: true })
  revokedAt!: Date | null;
}
